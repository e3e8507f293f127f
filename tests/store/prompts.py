"""Exchanges for the tests of what was said, made as the gateway makes them."""

from collections.abc import Sequence

from gigamost.core.fold import Reply
from gigamost.core.messages import Message, Text
from gigamost.core.prompts import Entry, Heard, Sought, Tip
from gigamost.core.usage import Usage
from gigamost.history.turns import entry_of, turn_of
from gigamost.history.words import sought

BEGAN = 1_700_000_000.0


def heard(id_: str, *said: str, answer: str = "хорошо", **changes: object) -> Heard:
    """The user and the assistant in turns."""
    roles = ("user", "assistant")
    asked = tuple(Message(roles[at % 2], (Text(text),)) for at, text in enumerate(said))  # type: ignore[arg-type]  # both are roles
    values: dict[str, object] = {
        "id": id_,
        "tenant": "one",
        "key_id": "key_1",
        "user": "",
        "session": "",
        "face": "openai",
        "model": "GigaChat-2",
        "started": BEGAN,
        "finished": BEGAN + 1.5,
        "status": 200,
        "usage": Usage(10, 5, 2, 1),
        "asked": asked,
        "reply": Reply((Text(answer),), "stop", Usage(10, 5)),
    }
    return Heard(**{**values, **changes})  # type: ignore[arg-type]  # by their names


def entry(id_: str, *said: str, known: Sequence[Tip] = (), answer: str = "хорошо", **changes: object) -> Entry:
    """The tag of a user is the user, in capital letters."""
    one = heard(id_, *said, answer=answer, **changes)
    return entry_of(turn_of(one, one.user.upper()), {tip.tip: [tip] for tip in known})


def words(query: str) -> Sought:
    return Sought(words=sought(query))
