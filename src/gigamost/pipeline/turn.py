"""What one request learns of a credential, and what it may do there: the breaker and the retries of `routing`."""

from time import monotonic

from gigamost.pipeline.recovery import Failed
from gigamost.upstreams.account import Account


class Turn:
    """A request's turn under a credential, from its first post to its answer: `end` it, however it went."""

    __slots__ = ("_account", "_is_probe", "_may_repeat")

    def __init__(self, account: Account) -> None:
        self._account = account
        account.retries.earn()
        self._is_probe = account.breaker.begin(monotonic())
        self._may_repeat = not self._is_probe  # a probe is one request

    def note(self, failed: Failed | None) -> None:
        """How a post went."""
        breaker, now = self._account.breaker, monotonic()
        if failed is not None and failed.is_upstreams_fault:
            breaker.fail(now)
        else:
            breaker.succeed(now)
        self._is_probe = False

    def may_retry(self, *, has_other: bool) -> bool:
        """Where another credential stands by, one whose breaker has just opened is left alone."""
        now = monotonic()
        is_left_alone = has_other and not self._account.breaker.allows(now)
        return self._may_repeat and not is_left_alone and self._account.retries.spend(now)

    def end(self) -> None:
        self._account.breaker.abandon(probe=self._is_probe)
