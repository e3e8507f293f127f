"""A batch that has come to its end."""

from typing import Final

from gigamost.core.jobs import Job, JobOutcome
from gigamost.core.notices import Finding

_REMEMBERED: Final = 2 * 86_400  # seconds: by then no worker ends it again


def done(job: Job, outcome: JobOutcome, now: float) -> Finding:
    tally = job.tally
    return Finding(
        kind="batch.done",
        key=f"batch.done:{job.id}",
        tenant=job.tenant,
        data={
            "id": job.id,
            "face": job.kind,
            "outcome": outcome,
            "key_id": job.plan.key_id,
            "total": tally.total,
            "succeeded": tally.succeeded,
            "failed": tally.failed,
            "cancelled": tally.cancelled,
            "expired": tally.expired,
        },
        keep=now + _REMEMBERED,
    )
