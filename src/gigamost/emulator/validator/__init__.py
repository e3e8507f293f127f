"""The judge of chat requests: raw JSON in, the same JSON or a `RefusalError` out. `judge` is v1's, `v2.judge` v2's.

It has its own tables (`rules.RULES`, `v2.rules.RULES`) and takes nothing from the protocols, so that it can judge what
they send. It is stricter than the API where the API's answer is in doubt: what may be refused must not be sent.
"""

from collections.abc import Collection

import msgspec

from gigamost.emulator.validator import rules, v2
from gigamost.emulator.validator.functions import check_function
from gigamost.emulator.validator.v1 import judge

__all__ = ["check_function", "judge", "parse", "v2"]

DEPTH = 100


def parse(body: bytes) -> object:
    """Any JSON value. Raises RefusalError for what is none, for invalid UTF-8, lone surrogates and depth over 100."""
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise rules.JSON.refuse() from None
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return value
    raise rules.JSON.refuse()


def _children(node: object) -> Collection[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
