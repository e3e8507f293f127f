"""Which part of what a client sends is new, so that a conversation costs the space of its words once and not once for
every turn.

    seed ─ message ─ message ─ ... ─ tip        each digest is made of the one before and of the message

Clients repeat the whole conversation with every turn. The exchange whose tip is found farthest along the chain is the
one that this turn goes on from: kept is what follows it, without the answer that it was given. The instructions at the
beginning stand outside of the chain, because many clients write the time into them.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, assert_never

import msgspec

from gigamost.core.messages import (
    BuiltinCall,
    ClientFile,
    FileRef,
    Inline,
    Media,
    Message,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from gigamost.core.prompts import Entry, Heard, Said, SaidMessage, Tip
from gigamost.core.text import clean_text
from gigamost.history.telling import Shown, Teller, texts
from gigamost.history.words import words_of

_BYTES: Final = 16
_ASSISTANT: Final[Role] = "assistant"
_NAME: Final = 256  # characters of a name that are kept
_TROUBLE: Final = 2000


class Turn(msgspec.Struct, frozen=True):
    """An exchange that is ready to find its place. `links` are the digests of the chain, one for each of `messages`,
    the last one is its tip. `explicit` is the conversation that the client named, "" for none."""

    heard: Heard
    subject: str
    explicit: str
    instructions: tuple[Message, ...]
    messages: tuple[Message, ...]
    prints: tuple[bytes, ...]
    links: tuple[bytes, ...]
    system: bytes
    shown: Shown
    answer: bytes


def turn_of(heard: Heard, subject: str) -> Turn:
    first = next((at for at, each in enumerate(heard.asked) if each.role != "system"), len(heard.asked))
    instructions, messages = heard.asked[:first], heard.asked[first:]
    shown = Shown(heard.reply, heard.events)
    seed = _digest(heard.tenant, heard.key_id, subject, heard.session)
    prints = tuple(map(_print, messages))
    links: list[bytes] = []
    link = seed
    for each in prints:
        link = blake2b(link + each, digest_size=_BYTES).digest()
        links.append(link)
    return Turn(
        heard=heard,
        subject=subject,
        explicit=f"talk_{seed.hex()}" if heard.session else "",
        instructions=instructions,
        messages=messages,
        prints=prints,
        links=tuple(links) or (seed,),
        system=blake2b(b"".join(map(_print, instructions)), digest_size=_BYTES).digest(),
        shown=shown,
        answer=_print(Message(_ASSISTANT, tuple(shown.parts))),
    )


def entry_of(turn: Turn, known: Mapping[bytes, Sequence[Tip]]) -> Entry:
    """What is written of it. `known` are the tips along its chain that were found, the newest last."""
    before, start = _before(turn, known)
    asked = turn.messages[start:]
    if before is None or before.system != turn.system:
        asked = (*turn.instructions, *asked)
    told = Teller().messages(asked)
    answered = Teller().parts(turn.shown.parts)
    heard = turn.heard
    failure = turn.shown.failure
    problem = heard.problem or (failure.problem if failure is not None else None)
    said = Said(
        id=heard.id,
        tenant=heard.tenant,
        key_id=heard.key_id,
        subject=turn.subject,
        talk=turn.explicit or (before.talk if before is not None else f"talk_{heard.id.replace('-', '')}"),
        previous=before.id if before is not None else "",
        face=heard.face,
        model=clean_text(heard.model[:_NAME]).replace("\0", ""),
        started=heard.started,
        finished=heard.finished,
        status=heard.status,
        usage=heard.usage,
        asked=told,
        answered=answered,
        finish=turn.shown.finish,
        code=(problem.code or problem.kind.label) if problem is not None else "",
        trouble=clean_text(problem.message[:_TROUBLE]) if problem is not None else "",
    )
    tip = Tip(turn.links[-1], said.id, said.talk, turn.answer, turn.system)
    return Entry(said, tip, words_in(said))


def words_in(said: Said) -> tuple[str, ...]:
    """By which it is found."""
    return words_of((*_spoken(said.asked), *texts(said.answered)))


def _spoken(messages: Sequence[SaidMessage]) -> list[str]:
    """What is newest comes first: a very long exchange is found by that."""
    return [text for message in reversed(messages) for text in texts(message.parts)]


def _before(turn: Turn, known: Mapping[bytes, Sequence[Tip]]) -> tuple[Tip | None, int]:
    """The exchange that this one goes on from, and where what is new begins. The last message is always new: the same
    question may be asked again."""
    last = len(turn.messages) - 1
    for at in range(last - 1, -1, -1):
        tips = known.get(turn.links[at])
        if tips:
            follows = turn.prints[at + 1] if turn.messages[at + 1].role == _ASSISTANT else b""
            same = next((each for each in reversed(tips) if each.answer == follows), None)
            return (tips[-1], at + 1) if same is None else (same, min(at + 2, last))
    return None, 0


def _print(message: Message) -> bytes:
    """The digest of what a message says, however its client writes it down: without ids of calls, and of an assistant's
    turn without what clients leave out when they repeat it."""
    said = _Print(message.role)
    for part in message.parts:
        match part:
            case Text(text=text):
                said.texts.append(text)
            case ToolCall(name=name, arguments=arguments):
                said.add("call", name, _arguments(arguments))
            case ToolResult(content=content, is_error=is_error):
                said.add("result", str(is_error))
                for each in content:
                    if isinstance(each, Text):
                        said.texts.append(each.text)
                    else:
                        said.add("media", _source(each))
            case Media() if message.role != _ASSISTANT:
                said.add("media", _source(part))
            case Reasoning() | BuiltinCall() | Media():
                pass
            case _:
                assert_never(part)
    return said.end()


class _Print:
    """Texts that follow each other are one, spaces around them do not count."""

    def __init__(self, role: str) -> None:
        self.texts: list[str] = []
        self._hash = blake2b(role.encode(), digest_size=_BYTES)

    def add(self, *words: str) -> None:
        text = "".join(self.texts).strip()
        self.texts.clear()
        for each in (text, *words):
            data = _bytes(each)
            self._hash.update(len(data).to_bytes(8, "big") + data)

    def end(self) -> bytes:
        self.add("end")
        return self._hash.digest()


def _arguments(text: str) -> str:
    """Clients write JSON anew."""
    try:
        return msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text.strip()


def _source(media: Media) -> str:
    match media.source:
        case Inline(data=data):
            return blake2b(data, digest_size=_BYTES).hexdigest()
        case Url(url=url):
            return url
        case FileRef(id=file) | ClientFile(id=file):
            return file
        case _:
            assert_never(media.source)


def _digest(*texts_: str) -> bytes:
    data = (_bytes(text) for text in texts_)
    return blake2b(b"".join(len(each).to_bytes(8, "big") + each for each in data), digest_size=_BYTES).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
