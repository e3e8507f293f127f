"""What Ollama says of itself: that it runs, its version, which models are loaded."""

import msgspec

from gigamost.core.face import Incoming

# Clients refuse older ones: VS Code before 0.6.4, others before 0.14.2. 0.35 brings an endpoint that is not here.
VERSION = "0.34.0"
_JSON = "application/json"


def say_root(incoming: Incoming) -> tuple[str, bytes]:
    """Ollama's clients look for their server here; people with a browser get the way to something useful."""
    if "text/html" in incoming.headers.get("accept", ""):
        places = {"gateway": "gigamost", "health": "/health", "models": "/v1/models"}
        return _JSON, msgspec.json.encode(places)
    return "text/plain; charset=utf-8", b"Ollama is running"


def say_version(incoming: Incoming) -> tuple[str, bytes]:
    return _JSON, msgspec.json.encode({"version": VERSION})


def say_loaded(incoming: Incoming) -> tuple[str, bytes]:
    """Nothing is ever loaded into the memory of this machine."""
    return _JSON, b'{"models":[]}'
