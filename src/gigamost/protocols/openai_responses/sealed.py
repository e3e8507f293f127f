"""Text that a client carries for us and cannot read at a glance: `encrypted_content` of reasoning and compaction items.

It is what the client was told or may know anyway, so it is encoded, not encrypted: it needs no key and no table.
"""

import base64
import binascii
from typing import Final

import msgspec

from gigamost.core.messages import Opaque, Reasoning

_MARK: Final = "gm1."


class _Carried(msgspec.Struct, omit_defaults=True):
    text: str
    origin: str = ""
    token: str = ""


def seal(reasoning: Reasoning) -> str:
    opaque = reasoning.opaque
    carried = _Carried(reasoning.text, opaque.origin, opaque.token) if opaque is not None else _Carried(reasoning.text)
    return _MARK + base64.urlsafe_b64encode(msgspec.json.encode(carried)).decode().rstrip("=")


def unseal(content: str) -> Reasoning | None:
    """None for what another vendor wrote."""
    if not content.startswith(_MARK):
        return None
    bare = content[len(_MARK) :]
    try:
        carried = msgspec.json.decode(base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)), type=_Carried)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    opaque = Opaque(carried.origin, carried.token) if carried.token else None
    return Reasoning(carried.text, opaque)
