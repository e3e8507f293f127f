"""`models.countTokens` (ai.google.dev/api/tokens): a conversation, or a whole `generateContentRequest`."""

import msgspec

from gigamost.core.body import Rule
from gigamost.core.errors import GatewayError
from gigamost.core.face import Incoming
from gigamost.core.request import ChatRequest
from gigamost.protocols.gemini.request import decode
from gigamost.protocols.gemini.rules import RULES as CHAT_RULES

RULES = {"generateContentRequest": Rule("exact", "counted as a chat request"), **CHAT_RULES}
_INNER = ("generateContentRequest", "generate_content_request")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Exchange:
    """One request (`core.face.CountExchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming) -> None:
        body, path = _counted(incoming.body)
        try:
            self.request: ChatRequest = decode(body, incoming.path["model"])[0]
        except GatewayError as error:
            raise _placed(error, path) if path else error from None

    def encode(self, tokens: int) -> bytes:
        return msgspec.json.encode({"totalTokens": tokens})


def _counted(body: bytes) -> tuple[bytes, str]:
    """What is to be counted, and the path of the field where it stands."""
    try:
        fields = _fields(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body, ""  # whoever reads it says what is wrong with it
    return next(((bytes(fields[name]), name) for name in _INNER if name in fields), (body, ""))


def _placed(error: GatewayError, path: str) -> GatewayError:
    problem = error.problem
    param = f"{path}.{problem.param}" if problem.param else path
    separator = "." if problem.param and problem.message.startswith(problem.param) else ": "
    return GatewayError.of(msgspec.structs.replace(problem, message=f"{path}{separator}{problem.message}", param=param))
