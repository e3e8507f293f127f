"""What an emulator is told: its accounts, how strict it judges, how slowly it speaks."""

import base64
from typing import Literal

import msgspec

from gigamost.emulator.catalogue import CATALOGUE, Facts
from gigamost.emulator.validator.v2.tools import KNOWN

Scope = Literal["GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"]

# Simultaneous requests per client id [docs]: one for individuals, ten for companies.
STREAMS: dict[Scope, int] = {"GIGACHAT_API_PERS": 1, "GIGACHAT_API_B2B": 10, "GIGACHAT_API_CORP": 10}

# Built-in tools that are known but refused: seen for individuals [live3p]; `memory` has no documented use.
DENIED: dict[Scope, frozenset[str]] = {
    "GIGACHAT_API_PERS": frozenset({"code_interpreter", "memory"}),
    "GIGACHAT_API_B2B": frozenset({"memory"}),
    "GIGACHAT_API_CORP": frozenset({"memory"}),
}


class Account(msgspec.Struct, frozen=True):
    """A made-up customer. `tokens`: what a package holds per usage family. `streams` and `denied` (the built-in tools
    that it may not use) are None for what the scope means.

    The same pair serves OAuth (client id and secret) and `/token` (user and password): both are one Basic header.
    """

    client_id: str
    secret: str
    scope: Scope = "GIGACHAT_API_PERS"
    streams: int | None = None
    tokens: int = 1_000_000
    denied: frozenset[str] | None = None

    @property
    def credentials(self) -> str:
        """The authorization key: Base64 of `client_id:secret`."""
        return base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()

    @property
    def limit(self) -> int:
        return STREAMS[self.scope] if self.streams is None else self.streams

    @property
    def tools(self) -> frozenset[str]:
        """The built-in tools of v2 that it may use."""
        return KNOWN - (DENIED[self.scope] if self.denied is None else self.denied)


PERSON = Account("00000000-0000-4000-8000-00000000000a", "emulated-person", "GIGACHAT_API_PERS")
TRADER = Account("00000000-0000-4000-8000-00000000000b", "emulated-trader", "GIGACHAT_API_B2B")
COMPANY = Account("00000000-0000-4000-8000-00000000000c", "emulated-company", "GIGACHAT_API_CORP")


class EmulatorSettings(msgspec.Struct, frozen=True):
    """Times are seconds, sizes bytes.

    `strict_fields` refuses keys that the API does not know, where the real one ignores them: what leaks shows.
    `delay` is between the chunks of a stream. `split_finish` streams a function call and its finish in two chunks
    instead of one. `result_role`: the only role that v2 takes for a function's result, "" for `tool` and `function`.
    `batch_polls` is how often a batch is asked for before it is completed.
    """

    accounts: tuple[Account, ...] = (PERSON, TRADER, COMPANY)
    models: tuple[Facts, ...] = CATALOGUE
    strict_fields: bool = True
    require_user_agent: bool = True
    delay: float = 0.0
    split_finish: bool = True
    result_role: Literal["", "tool", "function"] = ""
    token_lifetime: float = 1800.0
    tokens_per_second: int = 10
    body_limit: int = 20 * 1024 * 1024
    embeddings_limit: int = 128 * 1024
    batch_polls: int = 1
    log_size: int = 1000


# For people: unknown fields are ignored as the real API ignores them, and a stream is seen to stream.
DEMO = EmulatorSettings(strict_fields=False, delay=0.03)
