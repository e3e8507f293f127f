"""What one emulator keeps, and what an endpoint is called with."""

from collections.abc import Callable

import msgspec

from gigamost.emulator.assistants import Assistants
from gigamost.emulator.catalogue import Facts
from gigamost.emulator.files import Files
from gigamost.emulator.http import HttpRequest
from gigamost.emulator.jobs import Job
from gigamost.emulator.oauth import Tokens
from gigamost.emulator.personalities import Directives
from gigamost.emulator.prompt_cache import PromptCache
from gigamost.emulator.purse import Purse
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.settings import Account, EmulatorSettings
from gigamost.emulator.threads import Threads


class State:
    """`clock` gives unix seconds."""

    def __init__(self, settings: EmulatorSettings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.models = {model.id: model for model in settings.models}
        self.tokens = Tokens(settings.accounts, settings.token_lifetime, settings.tokens_per_second, clock)
        self.files = Files()
        self.cache = PromptCache()
        self.purse = Purse()
        self.threads = Threads()
        self.assistants = Assistants()
        self.jobs: dict[str, Job] = {}

    def model(self, name: object, *types: str) -> Facts:
        """A model of one of these types. Raises RefusalError (404)."""
        model = self.models.get(name) if isinstance(name, str) else None
        if model is None or (types and model.type not in types):
            raise RefusalError(404, "No such model")
        return model


class Call(msgspec.Struct, frozen=True):
    """A request that passed the door: whose it is, its JSON (None where there is none), what the path names."""

    request: HttpRequest
    account: Account
    raw: object
    directives: Directives
    named: str = ""

    @property
    def end_user(self) -> str | None:
        return self.request.headers.get("x-client-id")
