"""The one error of the gateway: a `Problem` is the value, `GatewayError` raises it.

    GatewayError
     └─ .problem: Problem(kind, message, ...)     kind: one of the closed set `Kind`

A kind says whose fault it was, which HTTP status it has and whether its message may be shown to a client.
"""

from enum import Enum
from typing import Literal

import msgspec

Fault = Literal["client", "operator", "upstream", "gateway"]


class Kind(Enum):
    """What went wrong. The value is (name, HTTP status, whose fault)."""

    INVALID_REQUEST = ("invalid_request", 400, "client")
    CONTEXT_OVERFLOW = ("context_overflow", 400, "client")
    UNAUTHENTICATED = ("unauthenticated", 401, "client")
    QUOTA_EXHAUSTED = ("quota_exhausted", 402, "operator")
    FORBIDDEN = ("forbidden", 403, "client")
    NOT_FOUND = ("not_found", 404, "client")
    MODEL_NOT_FOUND = ("model_not_found", 404, "client")
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, "client")
    TOO_LARGE = ("too_large", 413, "client")
    RATE_LIMITED = ("rate_limited", 429, "client")
    INTERNAL = ("internal", 500, "gateway")
    UNSUPPORTED = ("unsupported", 501, "gateway")
    UPSTREAM_FAILED = ("upstream_failed", 502, "upstream")
    UNAVAILABLE = ("unavailable", 503, "gateway")
    UPSTREAM_TIMEOUT = ("upstream_timeout", 504, "upstream")

    def __init__(self, label: str, status: int, fault: Fault) -> None:
        self.label = label
        self.status = status
        self.fault: Fault = fault


class Problem(msgspec.Struct, frozen=True):
    """An error as a value: what is wrong, where, what to do.

    `message` is written for the client and holds no secret and no address of ours. `param` is the path of the
    offending field as the client wrote it (`messages[2].content`), `code` a vendor's or our machine-readable word,
    `retry_after` seconds. `detail` is for the operator's log and never leaves the gateway.
    """

    kind: Kind
    message: str
    param: str | None = None
    code: str | None = None
    retry_after: float | None = None
    detail: str = ""

    @property
    def status(self) -> int:
        return self.kind.status


class GatewayError(Exception):
    """Raises a `Problem`; the only exception that may cross a layer."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.problem = Problem(kind, message, param, code, retry_after, detail)

    @classmethod
    def of(cls, problem: Problem) -> "GatewayError":
        return cls(
            problem.kind,
            problem.message,
            param=problem.param,
            code=problem.code,
            retry_after=problem.retry_after,
            detail=problem.detail,
        )


def invalid(message: str, param: str | None = None, code: str | None = None) -> GatewayError:
    """The client's request is wrong: HTTP 400 that names the field."""
    return GatewayError(Kind.INVALID_REQUEST, message, param=param, code=code)


# What an upstream's status means. 401 and 403 speak of the credential that we used: the pipeline knows whose it was.
_OF_STATUS: dict[int, Kind] = {
    400: Kind.INVALID_REQUEST,
    401: Kind.UNAUTHENTICATED,
    402: Kind.QUOTA_EXHAUSTED,
    403: Kind.FORBIDDEN,
    404: Kind.MODEL_NOT_FOUND,
    408: Kind.UPSTREAM_TIMEOUT,
    413: Kind.TOO_LARGE,
    422: Kind.INVALID_REQUEST,
    429: Kind.RATE_LIMITED,
    504: Kind.UPSTREAM_TIMEOUT,
}


def kind_of(status: int) -> Kind:
    """The kind of an upstream's error status; every other one is the upstream's failure."""
    return _OF_STATUS.get(status, Kind.UPSTREAM_FAILED)
