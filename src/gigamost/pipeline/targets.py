"""Where one request may go: targets, and the course that it takes through them."""

from collections.abc import Callable, Sequence
from time import monotonic

import msgspec

from gigamost.core.codec import Wire
from gigamost.core.models import Model
from gigamost.routing.choice import Standing, order
from gigamost.routing.table import GIGACHAT
from gigamost.upstreams.account import Account


class Target(msgspec.Struct, frozen=True):
    """One place a request may go: a model under one credential, spoken to over one wire. `weight` is its share."""

    account: Account
    wire: Wire
    model: Model
    weight: float = 1.0

    def current(self) -> "Target":
        """The same under the credential that has this one's name now."""
        account = self.account.current
        return self if account is self.account else msgspec.structs.replace(self, account=account)

    @property
    def keeps_files(self) -> bool:
        """Whether media are uploaded there; else they go along in the request."""
        return self.account.upstream == GIGACHAT


class Course(msgspec.Struct, frozen=True):
    """`targets` are the one to ask first and those that stand in for it, then come those of `failure`. The others are
    asked after a prompt that is too long, and after an answer that was withheld. `first_content_timeout` is seconds,
    None for the usual."""

    targets: tuple[Target, ...]
    failure: tuple[Target, ...] = ()
    context_overflow: tuple[Target, ...] = ()
    blacklist: tuple[Target, ...] = ()
    first_content_timeout: float | None = None

    def models(self) -> list[Model]:
        """Those that may answer, each once, the one that is asked first as a rule first."""
        if len(self.targets) == 1 and not (self.failure or self.context_overflow or self.blacklist):
            return [self.targets[0].model]
        everyone = (*self.targets, *self.failure, *self.context_overflow, *self.blacklist)
        return list({price_name(each.model): each.model for each in everyone}.values())

    def preferring(self, conversation: str) -> "Course":
        """With the targets in the order in which this conversation asks them."""
        now = monotonic()
        standings = [
            Standing(each.account.id, each.weight, each.account.load, each.account.breaker.allows(now))
            for each in self.targets
        ]
        targets = tuple(self.targets[at] for at in order(standings, conversation))
        return msgspec.structs.replace(self, targets=targets)

    def holding(self, keeps: Callable[[Account], bool]) -> "Course":
        """The targets whose credential keeps what the request names; all where none does, which then say so."""
        if not any(keeps(each.account) for each in self.targets + self.failure):
            return self
        return self.only(lambda target: keeps(target.account))

    def only(self, fits: Callable[[Target], bool]) -> "Course":
        """Without the targets that do not fit."""
        kept = {
            name: tuple(each for each in getattr(self, name) if fits(each))
            for name in ("targets", "failure", "context_overflow", "blacklist")
        }
        return msgspec.structs.replace(self, **kept)


def healthy_first(targets: Sequence[Target]) -> list[Target]:
    """In their order those that may be asked; where none may, a gateway that refuses helps nobody: then all are asked
    the same, the one whose rest ends first first."""
    now = monotonic()
    healthy = [each for each in targets if each.account.breaker.allows(now)]
    return healthy or sorted(targets, key=lambda each: each.account.breaker.rest(now))


def price_name(model: Model) -> str:
    """Under which name its prices are known."""
    return booked_as(model.upstream, model.id)


def booked_as(upstream: str, model: str) -> str:
    return model if upstream == GIGACHAT else f"{upstream}/{model}"
