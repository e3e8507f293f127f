-- of the revisions ca3aaf32d05bd1c5215e082d127d9848d30a74d3fdf72cdc28c5c8c908a19c13
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE responses (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	previous VARCHAR NOT NULL, 
	conversation VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	expires BIGINT NOT NULL, 
	body BLOB NOT NULL, subject VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_responses PRIMARY KEY (id)
);
CREATE INDEX ix_responses_expires ON responses (expires);
CREATE INDEX ix_responses_previous ON responses (previous);
CREATE TABLE conversations (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	metadata BLOB NOT NULL, subject VARCHAR DEFAULT '' NOT NULL, 
	CONSTRAINT pk_conversations PRIMARY KEY (id)
);
CREATE INDEX ix_conversations_tenant ON conversations (tenant);
CREATE TABLE items (
	holder VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	listed BOOLEAN NOT NULL, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_items PRIMARY KEY (holder, position)
);
CREATE INDEX ix_items_tenant_id ON items (tenant, id);
CREATE TABLE requests (
	id VARCHAR NOT NULL, 
	client_request_id VARCHAR NOT NULL, 
	replica VARCHAR NOT NULL, 
	started DOUBLE NOT NULL, 
	finished DOUBLE, 
	key_id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	face VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	status INTEGER, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	estimated BOOLEAN NOT NULL, 
	cost BIGINT NOT NULL, 
	reserved BIGINT NOT NULL, 
	holds VARCHAR NOT NULL, 
	ttft_ms BIGINT, 
	duration_ms BIGINT, 
	attempts INTEGER NOT NULL, 
	CONSTRAINT pk_requests PRIMARY KEY (id)
);
CREATE INDEX ix_requests_started_id ON requests (started, id);
CREATE INDEX ix_requests_key_id_started_id ON requests (key_id, started, id);
CREATE INDEX ix_requests_tenant_started_id ON requests (tenant, started, id);
CREATE INDEX ix_requests_open ON requests (started, id) WHERE state = 'open';
CREATE INDEX ix_requests_unwell ON requests (started, id) WHERE state IN ('failed', 'aborted');
CREATE TABLE budget_periods (
	owner VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	spent BIGINT NOT NULL, 
	reserved BIGINT NOT NULL, 
	CONSTRAINT pk_budget_periods PRIMARY KEY (owner, period, began)
);
CREATE TABLE budget_leases (
	replica VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	amount BIGINT NOT NULL, 
	CONSTRAINT pk_budget_leases PRIMARY KEY (replica, owner, period, began)
);
CREATE TABLE rollups (
	day BIGINT NOT NULL, 
	key_id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	requests BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cost BIGINT NOT NULL, 
	CONSTRAINT pk_rollups PRIMARY KEY (day, key_id, tenant, model)
);
CREATE INDEX ix_rollups_key_id_day ON rollups (key_id, day);
CREATE INDEX ix_rollups_tenant_day ON rollups (tenant, day);
CREATE TABLE replicas (
	id VARCHAR NOT NULL, 
	seen DOUBLE NOT NULL, 
	CONSTRAINT pk_replicas PRIMARY KEY (id)
);
CREATE TABLE keys (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	digest BLOB NOT NULL, 
	prefix VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	expires BIGINT, 
	revoked BIGINT, 
	terms BLOB NOT NULL, 
	CONSTRAINT pk_keys PRIMARY KEY (id)
);
CREATE INDEX ix_keys_tenant_id ON keys (tenant, id);
CREATE TABLE tenants (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	terms BLOB NOT NULL, 
	CONSTRAINT pk_tenants PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_tenants_name ON tenants (name);
CREATE TABLE audit (
	id VARCHAR NOT NULL, 
	at DOUBLE NOT NULL, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	details BLOB NOT NULL, tenant VARCHAR, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE TABLE revisions (
	name VARCHAR NOT NULL, 
	number BIGINT NOT NULL, 
	CONSTRAINT pk_revisions PRIMARY KEY (name)
);
CREATE TABLE jobs (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	outcome VARCHAR, 
	created BIGINT NOT NULL, 
	expires BIGINT NOT NULL, 
	started BIGINT, 
	cancelling BIGINT, 
	ended BIGINT, 
	turn DOUBLE NOT NULL, 
	worker VARCHAR NOT NULL, 
	lease DOUBLE NOT NULL, 
	"plan" BLOB NOT NULL, 
	errors BLOB NOT NULL, 
	CONSTRAINT pk_jobs PRIMARY KEY (id)
);
CREATE INDEX ix_jobs_tenant_kind_created_id ON jobs (tenant, kind, created, id);
CREATE INDEX ix_jobs_unended ON jobs (state) WHERE state <> 'ended';
CREATE TABLE job_items (
	job VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	due DOUBLE NOT NULL, 
	worker VARCHAR NOT NULL, 
	lease DOUBLE NOT NULL, 
	attempts INTEGER NOT NULL, 
	status INTEGER NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	request_id VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	result BLOB NOT NULL, 
	CONSTRAINT pk_job_items PRIMARY KEY (job, position)
);
CREATE INDEX ix_job_items_job_state_position ON job_items (job, state, position);
CREATE INDEX ix_job_items_held ON job_items (lease) WHERE state IN ('claimed', 'sent');
CREATE TABLE job_events (
	job VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	frame BLOB NOT NULL, 
	CONSTRAINT pk_job_events PRIMARY KEY (job, number)
);
CREATE TABLE kept_files (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	job VARCHAR NOT NULL, 
	share VARCHAR NOT NULL, 
	CONSTRAINT pk_kept_files PRIMARY KEY (id)
);
CREATE INDEX ix_kept_files_tenant ON kept_files (tenant);
CREATE TABLE kept_chunks (
	file VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_kept_chunks PRIMARY KEY (file, position)
);
CREATE TABLE administrators (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	password VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	tenant VARCHAR, 
	is_disabled BOOLEAN NOT NULL, 
	epoch BIGINT NOT NULL, 
	CONSTRAINT pk_administrators PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_administrators_name ON administrators (name);
CREATE INDEX ix_administrators_tenant_id ON administrators (tenant, id);
CREATE TABLE sessions (
	digest BLOB NOT NULL, 
	administrator VARCHAR NOT NULL, 
	epoch BIGINT NOT NULL, 
	began BIGINT NOT NULL, 
	seen BIGINT NOT NULL, 
	ends BIGINT NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (digest)
);
CREATE INDEX ix_sessions_ends ON sessions (ends);
CREATE INDEX ix_audit_tenant_id ON audit (tenant, id);
CREATE TABLE webhooks (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	events BLOB NOT NULL, 
	secret BLOB NOT NULL, 
	created BIGINT NOT NULL, 
	disabled VARCHAR NOT NULL, 
	configured BOOLEAN NOT NULL, 
	CONSTRAINT pk_webhooks PRIMARY KEY (id)
);
CREATE TABLE notices (
	id VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	at DOUBLE NOT NULL, 
	kind VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	data BLOB NOT NULL, 
	keep DOUBLE NOT NULL, 
	lasts BOOLEAN NOT NULL, 
	CONSTRAINT pk_notices PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_notices_key ON notices ("key");
CREATE INDEX ix_notices_lasting ON notices ("key") WHERE lasts;
CREATE TABLE deliveries (
	webhook VARCHAR NOT NULL, 
	notice VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	began DOUBLE NOT NULL, 
	due DOUBLE NOT NULL, 
	worker VARCHAR NOT NULL, 
	lease DOUBLE NOT NULL, 
	attempts INTEGER NOT NULL, 
	attempted DOUBLE, 
	status INTEGER, 
	problem VARCHAR NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (webhook, notice)
);
CREATE INDEX ix_deliveries_notice ON deliveries (notice);
CREATE INDEX ix_deliveries_waiting ON deliveries (webhook, due) WHERE state = 'waiting';
CREATE TABLE exchanges (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	key_id VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	talk VARCHAR NOT NULL, 
	previous VARCHAR NOT NULL, 
	face VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	started DOUBLE NOT NULL, 
	finished DOUBLE NOT NULL, 
	status INTEGER NOT NULL, 
	finish VARCHAR NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	estimated BOOLEAN NOT NULL, 
	tip BLOB NOT NULL, 
	answer BLOB NOT NULL, 
	system BLOB NOT NULL, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_exchanges PRIMARY KEY (number)
);
CREATE UNIQUE INDEX ix_exchanges_id ON exchanges (id);
CREATE INDEX ix_exchanges_tip ON exchanges (tip);
CREATE INDEX ix_exchanges_talk_number ON exchanges (talk, number);
CREATE INDEX ix_exchanges_tenant_number ON exchanges (tenant, number);
CREATE INDEX ix_exchanges_key_id_number ON exchanges (key_id, number);
CREATE INDEX ix_exchanges_started ON exchanges (started);
CREATE INDEX ix_exchanges_subject ON exchanges (subject, number) WHERE subject <> '';
CREATE VIRTUAL TABLE exchange_words USING fts5(words, detail=none, columnsize=0, tokenize='ascii');
CREATE INDEX ix_responses_subject ON responses (tenant, subject) WHERE subject <> '';
CREATE INDEX ix_conversations_subject ON conversations (tenant, subject) WHERE subject <> '';
CREATE INDEX ix_jobs_batches ON jobs (created, id) WHERE kind <> 'response';
INSERT INTO alembic_version (version_num) VALUES ('0008');
INSERT INTO tenants (id, name, created, terms) VALUES ('default', 'default', 0, X'7B7D');
INSERT INTO revisions (name, number) VALUES ('access', 0);
