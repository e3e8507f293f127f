"""Recorded exchanges of the real API, where they are at hand: requests are accepted, answers have our shape.

The facts themselves are also written out in the other files, which always run.
"""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.emulator.conftest import Api, frames

FOLDER = Path(__file__).parents[3] / "shared" / "recordings"


def shape(value: Any) -> Any:
    """Keys in their order and the types of values; of a list its first item."""
    if isinstance(value, dict):
        return [(name, shape(item)) for name, item in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


async def replay(api: Api, request: dict[str, Any]) -> httpx.Response:
    path = request["uri"].partition("/api/")[2]
    headers = {name: value for name, value in request["headers"].items() if name != "User-Agent"}
    body = request["body"] or None
    url = f"{api.running.base_url.removesuffix('v1')}{path}"
    return await api.http.request(request["method"], url, json=body, headers=headers)


async def test_recorded_exchanges(api: Api) -> None:
    for path in sorted(FOLDER.glob("*.json")):
        for exchange in json.loads(path.read_text()):
            request, recorded = exchange["request"], exchange["response"]
            if "/oauth" in request["uri"]:
                continue
            answer = await replay(api, request)
            assert answer.status_code == recorded["status"], (path.name, answer.text)
            assert answer.headers["content-type"] == recorded["headers"]["Content-Type"]
            assert {"x-request-id", "x-session-id"} <= set(answer.headers)
            if isinstance(recorded["body"], str):
                events = [line.removeprefix("data: ") for line in recorded["body"].split("\n\n") if line]
                assert events[-1] == "[DONE]"
                theirs = [json.loads(event) for event in events[:-1]]
                ours = frames(answer)
                assert (shape(ours[0]), shape(ours[-1])) == (shape(theirs[0]), shape(theirs[-1])), path.name
                assert answer.text.endswith("data: [DONE]\n\n")
            else:
                assert shape(answer.json()) == shape(recorded["body"]), path.name
