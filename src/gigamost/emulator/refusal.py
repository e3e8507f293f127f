"""How the emulator says no: a `Rule` is one row of a table, a `RefusalError` is that row met."""

import msgspec


class RefusalError(Exception):
    """Ends a request with `{"status", "message"}`; `headers` go with it."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class Rule(msgspec.Struct, frozen=True):
    """One check: its name, the status and message of a refusal, and where the fact comes from.

    `message` is a template with `{}` fields. `source` is a section of gigachat-api.md and its evidence tag;
    "inferred" means that the real text is not known, only that the request must not be sent.
    """

    name: str
    status: int
    message: str
    source: str

    def refuse(self, **values: object) -> RefusalError:
        return RefusalError(self.status, self.message.format(**values))
