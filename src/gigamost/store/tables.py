"""The tables. A change of them is a new revision in `migrations` as well; a test compares the two.

Everything is found by its tenant and its id together. Bodies are bytes that nobody here reads.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

OPEN: Final = "state = 'open'"  # what the partial indexes hold: a query uses one that says the same words
UNENDED: Final = "state <> 'ended'"
HELD: Final = "state IN ('claimed', 'sent')"
UNWELL: Final = "state IN ('failed', 'aborted')"
METADATA: Final = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

# `previous` and `conversation` are "" where an answer builds on none. `expires` is unix seconds.
RESPONSES: Final = Table(
    "responses",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("conversation", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "expires"),
    Index(None, "previous"),
)

# `metadata` is a JSON object.
CONVERSATIONS: Final = Table(
    "conversations",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "tenant"),
)

# `holder` is a response or a conversation. `listed` is false for what was answered in a response: its list has only
# what was asked. One item may stand in several holders: in each answer of a chain that repeats it.
ITEMS: Final = Table(
    "items",
    METADATA,
    Column("holder", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("tenant", String, nullable=False),
    Column("id", String, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("holder", "position"),
    Index(None, "tenant", "id"),
)

# `holds` are those of the intent as JSON, "" for none. The usage of an open row is its estimate. `status` is null until
# somebody says it: a row that was swept has none, and may still be corrected.
REQUESTS: Final = Table(
    "requests",
    METADATA,
    Column("id", String, nullable=False),
    Column("client_request_id", String, nullable=False),
    Column("replica", String, nullable=False),
    Column("started", Double, nullable=False),
    Column("finished", Double),
    Column("key_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("face", String, nullable=False),
    Column("model", String, nullable=False),
    Column("upstream", String, nullable=False),
    Column("state", String, nullable=False),
    Column("status", Integer),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("holds", String, nullable=False),
    Column("ttft_ms", BigInteger),
    Column("duration_ms", BigInteger),
    Column("attempts", Integer, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "started", "id"),
    Index(None, "key_id", "started", "id"),
    Index(None, "tenant", "started", "id"),
    Index("ix_requests_open", "started", "id", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
    Index("ix_requests_unwell", "started", "id", sqlite_where=text(UNWELL), postgresql_where=text(UNWELL)),
)

# `owner` is `key:<id>` or `tenant:<id>`, `began` unix seconds.
BUDGET_PERIODS: Final = Table(
    "budget_periods",
    METADATA,
    Column("owner", String, nullable=False),
    Column("period", String, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    PrimaryKeyConstraint("owner", "period", "began"),
)

# What a gateway may spend of a budget while the database is away; it is part of what the budget has `reserved`.
BUDGET_LEASES: Final = Table(
    "budget_leases",
    METADATA,
    Column("replica", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("period", String, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("replica", "owner", "period", "began"),
)

# What settled rows come to, in the same transaction. `day` is when it began, in unix seconds.
ROLLUPS: Final = Table(
    "rollups",
    METADATA,
    Column("day", BigInteger, nullable=False),
    Column("key_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("model", String, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "key_id", "tenant", "model"),
    Index(None, "key_id", "day"),
    Index(None, "tenant", "day"),
)

# The gateways that hold open rows, and when they were heard of last.
REPLICAS: Final = Table(
    "replicas",
    METADATA,
    Column("id", String, nullable=False),
    Column("seen", Double, nullable=False),
    PrimaryKeyConstraint("id"),
)

# `terms` is JSON: what `core.tenancy.Key` has beside the columns (limits, budget, scope, defaults, former digests).
KEYS: Final = Table(
    "keys",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("name", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("prefix", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
    Column("terms", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "tenant", "id"),
)

# `terms` as with keys. The tenant `default` is there from the beginning.
TENANTS: Final = Table(
    "tenants",
    METADATA,
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "name", unique=True),
)

# `details` is a JSON object.
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("details", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
)

# How often something was changed, by its name (`access`: keys and tenants): cheap to ask again and again.
REVISIONS: Final = Table(
    "revisions",
    METADATA,
    Column("name", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)

# `plan` is JSON (`core.jobs.Plan`). `turn` is when a worker took an item of it last; `worker` attends to the job itself
# until `lease`. Moments of work are unix seconds with a fraction.
JOBS: Final = Table(
    "jobs",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("outcome", String),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("cancelling", BigInteger),
    Column("ended", BigInteger),
    Column("turn", Double, nullable=False),
    Column("worker", String, nullable=False),
    Column("lease", Double, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("errors", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "tenant", "kind", "created", "id"),
    Index("ix_jobs_unended", "state", sqlite_where=text(UNENDED), postgresql_where=text(UNENDED)),
)

# The small columns come first: counting must not read what was asked and answered.
JOB_ITEMS: Final = Table(
    "job_items",
    METADATA,
    Column("job", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("due", Double, nullable=False),
    Column("worker", String, nullable=False),
    Column("lease", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job", "position"),
    Index(None, "job", "state", "position"),
    Index("ix_job_items_held", "lease", sqlite_where=text(HELD), postgresql_where=text(HELD)),
)

# The stream of an answer that is made in the background, a frame in each row.
JOB_EVENTS: Final = Table(
    "job_events",
    METADATA,
    Column("job", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("frame", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job", "number"),
)

# `size` is -1 until the last chunk is there. `job` is "" for a file that has chunks, and not the results of a job.
KEPT_FILES: Final = Table(
    "kept_files",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("name", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("job", String, nullable=False),
    Column("share", String, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "tenant"),
)

KEPT_CHUNKS: Final = Table(
    "kept_chunks",
    METADATA,
    Column("file", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("file", "position"),
)
