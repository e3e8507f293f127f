"""The order of messages, calls and their results (section 4.2), what is attached (section 4.3), and how long it is."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.conversation import Said, segments
from gigamost.emulator.files import StoredFile
from gigamost.emulator.tokens import count_prompt
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.json_types import Raw, is_object

Find = Callable[[str], StoredFile | None]
Recall = Callable[[str], tuple[Said, ...] | None]

IMAGES_PER_REQUEST = 10
MEDIA_BYTES = 80 * 1024 * 1024


def recalled(storage: object, recall: Recall | None) -> tuple[Said, ...]:
    """What was said in the thread that a request continues. Raises RefusalError (404)."""
    thread = storage.get("thread_id") if is_object(storage) else None
    if recall is None or thread is None:
        return ()
    said = recall(thread)
    if said is None:
        raise rules.THREAD_UNKNOWN.refuse()
    return said


def check_history(said: tuple[Said, ...], functions: Iterable[Raw]) -> None:
    """`said` begins with what the thread has: only then may the request itself say nothing."""
    if not said:
        raise rules.MESSAGES_EMPTY.refuse()
    if any(message.role == "system" for message in said[1:]):
        raise rules.SYSTEM_FIRST.refuse()
    _check_calls(said)
    if said[-1].role == "assistant":
        raise rules.ASSISTANT_LAST.refuse()
    defined = {function["name"] for function in functions}
    for message in said:
        for call in message.calls:
            if call.name not in defined:
                raise rules.UNDEFINED.refuse(name=call.name)


def _check_calls(said: tuple[Said, ...]) -> None:
    """Calls are answered by the messages right behind them and by nothing else; a result answers one of those."""
    pending: Counter[str] = Counter()
    for message in said:
        if message.role != "function":
            if pending.total():
                raise rules.CALL_ALONE.refuse()
            pending = Counter(call.name for call in message.calls)
        for result in message.results:
            if not pending[result.name]:
                raise rules.RESULT_ALONE.refuse()
            pending[result.name] -= 1
            if not is_json(result.content):
                raise rules.RESULT_JSON.refuse(name=result.name, text=result.content)
    if pending.total():
        raise rules.CALL_ALONE.refuse()


def is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def check_files(said: Iterable[Said], model: Facts, find: Find) -> None:
    images = size = 0
    for message in said:
        here = 0
        for file_id in message.files:
            file = find(file_id)
            if file is None:
                raise rules.FILE_UNKNOWN.refuse()
            here += file.modality == "image"
            size += file.size if file.modality in ("image", "audio") else 0
        if message.role != "user":
            continue  # what the model made itself is no input of the client's
        if here and not model.vision:
            raise rules.NO_VISION.refuse(model=model.id)
        if here > 1:
            raise rules.IMAGES_PER_MESSAGE.refuse()
        images += here
    if images > IMAGES_PER_REQUEST:
        raise rules.IMAGES_PER_REQUEST.refuse()
    if size >= MEDIA_BYTES:
        raise rules.MEDIA_SIZE.refuse()


def check_context(functions: Iterable[Raw], said: tuple[Said, ...], model: Facts, find: Find) -> None:
    files = [find(file_id) for message in said for file_id in message.files]
    documents = sum(file.tokens for file in files if file is not None)
    tokens = count_prompt(segments(functions, said), model.overhead) + documents
    if tokens > model.context:
        rule = rules.DOCUMENT_OVERFLOW if tokens - documents <= model.context else rules.CONTEXT_OVERFLOW
        raise rule.refuse(tokens=tokens, limit=model.context)
