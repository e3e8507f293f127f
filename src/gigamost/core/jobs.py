"""Work that is done later: batches of requests, and answers that are made in the background.

    Job ─ Item*            a job is validating ── running ── ended; its outcome says how it ended

An item is `waiting`, `claimed` by a worker, `sent` (from here on it may have cost something, so it is never sent
again), and then `succeeded` or `failed`, or it never began: `cancelled`, `expired`. Times are unix seconds.
"""

from typing import Literal

import msgspec

from gigamost.core.usage import Usage

Kind = Literal["openai", "anthropic", "gemini", "response"]
JobState = Literal["validating", "running", "ended"]
JobOutcome = Literal["completed", "failed", "cancelled", "expired"]
ItemState = Literal["waiting", "claimed", "sent", "succeeded", "failed", "cancelled", "expired"]
Share = Literal["output", "errors"]
Standing = Literal["validating", "running", "cancelling", "completed", "failed", "cancelled", "expired"]


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a job when it is made. `face` and `path` name the endpoint that serves each item, `parameters`
    are those of its path; `about` is what the protocol shows again, as JSON. `input_file` holds the items of a job that
    is made from a file. `user` and `session` as in a request's context."""

    key_id: str
    key_name: str
    face: str
    path: str
    parameters: dict[str, str] = {}
    about: msgspec.Raw = msgspec.Raw(b"{}")
    input_file: str = ""
    user: str = ""
    session: str = ""


class Tally(msgspec.Struct, frozen=True):
    """How many items are in which state, and what they have used."""

    waiting: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    expired: int = 0
    usage: Usage = Usage()

    @property
    def total(self) -> int:
        return self.waiting + self.running + self.succeeded + self.failed + self.cancelled + self.expired


class Job(msgspec.Struct, frozen=True):
    """`cancelling` is when somebody asked for its end. `errors` are those of its input, as the protocol's JSON."""

    id: str
    kind: Kind
    tenant: str
    plan: Plan
    created: int
    expires: int
    state: JobState = "validating"
    outcome: JobOutcome | None = None
    started: int | None = None
    cancelling: int | None = None
    ended: int | None = None
    errors: bytes = b""
    tally: Tally = Tally()

    @property
    def standing(self) -> Standing:
        """State and outcome in one word."""
        if self.state == "ended":
            return self.outcome or "completed"
        return self.state if self.cancelling is None else "cancelling"


class NewItem(msgspec.Struct, frozen=True):
    """One request. `name` is the client's own id of it (`custom_id`)."""

    name: str
    body: bytes


class Claimed(msgspec.Struct, frozen=True):
    """An item that a worker has taken. `was_sent`: a worker that has died had sent it."""

    job: Job
    position: int
    name: str
    body: bytes
    attempts: int
    was_sent: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What became of an item: the body and status that a client would have got."""

    state: Literal["succeeded", "failed", "cancelled"]
    status: int
    body: bytes
    request_id: str
    usage: Usage = Usage()


class Again(msgspec.Struct, frozen=True):
    """It is to be tried again, after so many seconds: nothing was generated."""

    after: float = 0.0


class Result(msgspec.Struct, frozen=True):
    """An item as its client may see it. `status` is 0 and `body` empty for one that has no answer."""

    position: int
    name: str
    state: ItemState
    status: int
    body: bytes
    request_id: str


class JobWindow(msgspec.Struct, frozen=True):
    """A part of a list of jobs, newest first: `limit` of them older than the job `after`, or newer than `before`."""

    limit: int = 20
    after: str = ""
    before: str = ""


class BatchQuestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """Batches of all tenants, or of one, newest first; `after` is when the last one of the page before was created, and
    its id."""

    tenant: str = ""
    standing: Standing | None = None
    after: tuple[int, str] | None = None
    limit: int = 50


class JobPage(msgspec.Struct, frozen=True):
    jobs: tuple[Job, ...]
    has_more: bool = False


class KeptFile(msgspec.Struct, frozen=True):
    """A file that the gateway itself keeps. One with a `job` has no bytes of its own: it shows a share of the job's
    results."""

    id: str
    name: str
    purpose: str
    created: int
    size: int = 0
    job: str = ""
    share: Share = "output"
