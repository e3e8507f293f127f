"""Work for later, and the files that it reads and writes."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

from gigamost.store.tables.metadata import METADATA

UNENDED: Final = "state <> 'ended'"  # what the partial indexes hold
BATCHES: Final = "kind <> 'response'"
HELD: Final = "state IN ('claimed', 'sent')"

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
    Index("ix_jobs_batches", "created", "id", sqlite_where=text(BATCHES), postgresql_where=text(BATCHES)),
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
