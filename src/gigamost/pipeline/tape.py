"""What an exchange says, noted as it passes, for keys that keep it: references alone, all else comes later."""

from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.core.face import Overhear
from gigamost.core.fold import Reply
from gigamost.core.messages import Message


class Tape:
    """Of one visit. `user` and `session` are the client's own words, "" for none."""

    def __init__(self, asked: tuple[Message, ...], model: str, user: str, session: str) -> None:
        self.asked = asked
        self.model = model
        self.user = user
        self.session = session
        self.reply: Reply | None = None
        self.events: list[Event] = []
        self.problem: Problem | None = None

    def close(self) -> None:
        """Nothing more comes."""


class Overheard(Tape):
    """Of a body and an answer that pass as they are: read only when the answer is over."""

    def __init__(self, overhear: Overhear, body: bytes, user: str, session: str) -> None:
        super().__init__((), "", user, session)
        self._overhear = overhear
        self._body = body
        self._answer = bytearray()
        self.is_stream = False

    def hear(self, data: bytes) -> None:
        self._answer += data

    def close(self) -> None:
        self.asked = self._overhear.asked(self._body)
        if self._answer:
            self.events = self._overhear.answered(bytes(self._answer), self.is_stream)
