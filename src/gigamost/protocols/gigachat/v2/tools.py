"""GigaChat v2's built-in tools by our kinds, and back (gigachat-api.md section 5.3)."""

from collections.abc import Mapping
from typing import Final

from gigamost.core.request import BuiltinKind

BUILTINS: Final[Mapping[BuiltinKind, str]] = {
    "web_search": "web_search",
    "web_fetch": "url_content_extraction",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generate",
    "model_3d": "model_3d_generate",
}
TOOLS: Final[Mapping[str, str]] = {str(kind): name for kind, name in BUILTINS.items()}
KINDS: Final[Mapping[str, BuiltinKind]] = {name: kind for kind, name in BUILTINS.items()}
