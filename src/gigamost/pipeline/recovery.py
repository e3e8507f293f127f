"""What is done when an upstream fails, as one table. "Retry, failover, follow-up" of the contract.

A *retry* sends the same body to the same target again and never follows a possible generation. A *failover* sends the
request to another target, once; it is also what is left when the posts to a target are used up. A *follow-up* is a new
generation (see `followup`) and not decided here.
"""

import random
from collections.abc import Callable
from typing import Literal

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.upstreams.http import Reason, TransportError

Cause = Literal[
    "crowded",  # nothing was sent: no place under the credential within the queue timeout
    "unreachable",  # nothing was sent: DNS, refused connection, proxy, TLS
    "no_token",  # nothing was sent: the credential gives no access token
    "unauthorized",  # 401: the token is refused
    "rate_limited",  # 429, in the status or inside a 200
    "server_error",  # 500, 502, 503 before any 2xx
    "possible_generation",  # 504, reset, silence after the body was sent, or a 2xx that broke before its content
    "empty",  # a whole 2xx without content
    "refused",  # 400, 402, 403, 404, 413, 422: the same again cannot help
]
Step = Literal["retry", "refresh", "failover", "fail"]

STEPS: dict[Cause, Step] = {
    "crowded": "failover",
    "unreachable": "retry",
    "no_token": "failover",
    "unauthorized": "refresh",
    "rate_limited": "retry",
    "server_error": "retry",
    "possible_generation": "failover",
    "empty": "failover",
    "refused": "fail",
}

# What may have been generated, and is to be paid for, although nobody has seen it.
UNSEEN: frozenset[Cause] = frozenset({"possible_generation", "empty"})

# The upstream's own fault: what its breaker counts.
FAULTS: frozenset[Cause] = frozenset(
    {"unreachable", "no_token", "unauthorized", "server_error", "possible_generation", "empty"}
)
BROKEN_CALL = "function_call_error"  # the code of a call that the model could not write
EMPTY = Problem(Kind.UPSTREAM_FAILED, "The upstream answered with nothing at all.", code="upstream_empty")

MAX_POSTS = 3  # per client request and target
FIRST_PAUSE = 0.25  # seconds; doubled with every retry, with full jitter
LONGEST_RETRY_AFTER = 5.0  # seconds an upstream may ask us to wait; more goes to other targets or to the client

_STATUS: dict[int, Cause] = {
    401: "unauthorized",
    408: "possible_generation",
    429: "rate_limited",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    504: "possible_generation",
}
_REASON: dict[Reason, tuple[Cause, Kind, str]] = {
    "connect": ("unreachable", Kind.UPSTREAM_FAILED, "The upstream cannot be reached."),
    "tls": ("unreachable", Kind.UPSTREAM_FAILED, "The upstream's TLS certificate was not accepted."),
    "reset": ("possible_generation", Kind.UPSTREAM_FAILED, "The upstream closed the connection before its answer."),
    "silence": ("possible_generation", Kind.UPSTREAM_TIMEOUT, "The upstream was silent for too long."),
    "protocol": ("possible_generation", Kind.UPSTREAM_FAILED, "The upstream sent an answer that is not HTTP."),
    "too_large": ("possible_generation", Kind.UPSTREAM_FAILED, "The upstream's answer is too large."),
}


class Failed(Exception):  # noqa: N818 - not an error of the program: the word of the table above
    """An attempt failed in a way the table knows."""

    def __init__(self, cause: Cause, problem: Problem) -> None:
        super().__init__(cause)
        self.cause: Cause = cause
        self.problem = problem

    @property
    def is_upstreams_fault(self) -> bool:
        """What its breaker counts."""
        return self.cause in FAULTS


def failed_status(status: int, problem: Problem) -> Failed:
    return Failed(_STATUS.get(status, "server_error" if status >= 500 else "refused"), problem)


def failed_transport(error: TransportError) -> Failed:
    cause, _, _ = _REASON[error.reason]
    return Failed(cause, problem_of_transport(error))


def problem_of_transport(error: TransportError) -> Problem:
    _, kind, message = _REASON[error.reason]
    return Problem(kind, message, code=f"upstream_{error.reason}", detail=str(error))


def failed_inside(problem: Problem) -> Failed:
    """A 200 that turned out to be an error before any content: only a 429 says that nothing was generated."""
    return Failed("rate_limited" if problem.kind is Kind.RATE_LIMITED else "possible_generation", problem)


def pause(problem: Problem, posts: int, draw: Callable[[], float] = random.random) -> float | None:
    """Seconds to wait before the next post to the same target; None: do not ask this target again.

    `Retry-After` is honoured up to 5 s; a longer, negative or unreadable one (-1) means other targets.
    """
    asked = problem.retry_after
    if asked is not None and not 0 <= asked <= LONGEST_RETRY_AFTER:
        return None
    jitter = draw() * FIRST_PAUSE * 2.0 ** (posts - 1)
    return jitter if asked is None else asked + jitter


def for_client(problem: Problem, *, client_owned: bool) -> GatewayError:
    """The problem as the client may see it: a refusal of the operator's credential is the gateway's trouble (502)."""
    if problem.kind in (Kind.UNAUTHENTICATED, Kind.FORBIDDEN) and not client_owned:
        return GatewayError(
            Kind.UPSTREAM_FAILED,
            "The upstream refused the gateway's own credentials. The operator can see why with `gigamost doctor`.",
            code="upstream_credentials_refused",
            detail=problem.message,
        )
    if problem.kind is Kind.RATE_LIMITED:
        after = problem.retry_after
        usable = after is not None and 0 <= after < 3600
        return GatewayError(Kind.RATE_LIMITED, problem.message, code=problem.code, retry_after=after if usable else 1.0)
    return GatewayError.of(problem)
