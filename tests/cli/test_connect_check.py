"""`connect --check`: requests as the clients make them, and answers that they would not survive."""

import json
import socket
from threading import Thread
from typing import Any

import pytest

from gigamost.cli.connect.clients import CLIENTS
from gigamost.cli.connect.shapes import body_of
from tests.cli.conftest import Command


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_requests_have_their_size_their_tools_and_their_fields(client: Any) -> None:
    body = body_of(client, "GigaChat-2-Max")
    assert abs(len(json.dumps(body, separators=(",", ":"))) / 1000 - client.shape.size) < client.shape.size * 0.15 + 0.1
    names = tool_names(body)
    assert len(names) == len(set(names)) == client.shape.tools
    assert {**body, **client.shape.body} == body
    if client.wire != "gemini":
        assert body["stream"] is client.shape.streams


def tool_names(body: dict[str, Any]) -> list[str]:
    tools = body.get("tools", [])
    if tools and "functionDeclarations" in tools[0]:
        tools = tools[0]["functionDeclarations"]
    return [tool.get("function", tool).get("name", tool.get("type")) for tool in tools]


def test_check_says_when_nobody_answers(gigamost: Command) -> None:
    outcome = gigamost("connect", "aider", "--check", "--url", "http://127.0.0.1:9", "--key", "gm-key")
    assert outcome.code == 1
    assert "gigamost serve" in outcome.err


HEAD = "HTTP/1.1 200 OK\r\nx-gigamost-ignored: seed\r\n\r\n"
LINES = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
JSON = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
CHAT = '{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}'
MESSAGE = (
    'event: message_start\ndata: {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3}}}\n\n'
)
STOPS = (
    'event: message_delta\ndata: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, '
    '"usage": {"output_tokens": 1}}\n\nevent: message_stop\ndata: {"type": "message_stop"}\n\n'
)
BLOCK = (
    'event: content_block_start\ndata: {"type": "content_block_start", "index": 0}\n\n'
    'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": {"text": "b"}}\n\n'
)
END_OF_BLOCK = 'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 0}\n\n'
ITEM = 'data: {"type": "response.output_item.added", "output_index": 0}\n\n'
CALL = (
    'data: {"type": "response.output_item.done", "output_index": 0, '
    '"item": {"type": "function_call", "name": "client_tool_0"}}\n\n'
)
COMPLETED = 'data: {"type": "response.completed", "response": {"status": "completed", "model": "m"}}\n\n'
PARTS = '{"candidates": [{"content": {"parts": [{"text": "c"}]}, "finishReason": "STOP"}]}'

BAD = [
    ("aider", HEAD + 'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', "without its finish"),
    ("aider", HEAD + f"data: {CHAT}\n\n", "without its finish"),
    ("aider", HEAD + "data: <html>\n\n", "none of OpenAI's"),
    ("aider", HEAD + 'data: {"error": {"message": "broke off"}}\n\n', "broke off"),
    ("aider", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", "HTTP 502: <html>"),
    ("aider", 'HTTP/1.1 401 No\r\nContent-Length: 33\r\n\r\n{"error": {"message": "no key!"}}', "HTTP 401: no key!"),
    ("aider", "nothing of HTTP\r\n\r\n", "gigamost serve"),
    ("codex", HEAD + ITEM + COMPLETED, "no response.output_item.done"),
    ("codex", HEAD + ITEM + CALL, "without its finish"),
    (
        "codex",
        HEAD + 'data: {"type": "response.failed", "response": {"error": {"message": "it broke"}}}\n\n',
        "it broke",
    ),
    ("claude-code", HEAD + MESSAGE + BLOCK + STOPS, "without its finish"),
    ("claude-code", HEAD + MESSAGE + BLOCK + END_OF_BLOCK, "without its finish"),
    ("claude-code", HEAD + (MESSAGE + STOPS).replace("event: message_stop\n", ""), "is named ''"),
    ("claude-code", HEAD + 'event: error\ndata: {"type": "error", "error": {"message": "too much"}}\n\n', "too much"),
    ("gemini-cli", HEAD + ": still here\n\n" + f"data: {PARTS}\n\n", "comment"),
    ("gemini-cli", HEAD + f"data: {PARTS}\n\ndata: [DONE]\n\n", "none of Google's"),
    ("gemini-cli", HEAD + 'data: {"candidates": [{"content": {"parts": [{"text": "c"}]}}]}\n\n', "without its finish"),
    ("home-assistant", LINES + '{"message": {"content": "d"}}\n', "without its finish"),
    ("home-assistant", LINES + '{"error": "no such model"}\n', "no such model"),
    (
        "home-assistant",
        'HTTP/1.1 404 No\r\nContent-Length: 27\r\n\r\n{"error":"model not found"}',
        "HTTP 404: model not found",
    ),
    ("langchain", JSON + '{"choices": []}', "without its finish"),
    ("openai-agents", JSON + '{"object": "response", "output": []}', "without its finish"),
]
GOOD = [
    ("aider", HEAD + f"data: {CHAT}\n\ndata: [DONE]\n\n", "answer: a"),
    ("codex", HEAD + ITEM + CALL + COMPLETED, "answer: a call of client_tool_0"),
    ("claude-code", HEAD + MESSAGE + BLOCK + END_OF_BLOCK + STOPS, "finish end_turn, 3 + 1 tokens"),
    ("gemini-cli", HEAD + f"data: {PARTS}\n\n", "finish STOP"),
    ("home-assistant", LINES + '{"message": {"content": "d"}, "done": true, "eval_count": 2}\n', "0 + 2 tokens"),
    ("langchain", JSON + '{"choices": [{"message": {"content": "e"}, "finish_reason": "stop"}]}', "came whole"),
    (
        "openai-agents",
        JSON + '{"object": "response", "status": "completed", "output": [{"content": [{"text": "f"}]}]}',
        "answer: f",
    ),
]


@pytest.mark.parametrize(("client", "answer", "said"), BAD)
def test_check_says_what_a_client_would_not_survive(gigamost: Command, client: str, answer: str, said: str) -> None:
    outcome = checked(gigamost, client, answer)
    assert outcome.code == 1, outcome.out
    assert said in outcome.err


@pytest.mark.parametrize(("client", "answer", "said"), GOOD, ids=lambda value: value[:15])
def test_check_says_what_came_back(gigamost: Command, client: str, answer: str, said: str) -> None:
    outcome = checked(gigamost, client, answer)
    assert outcome.code == 0, outcome.err
    assert said in outcome.out
    assert ("seed" in outcome.out) is answer.startswith(HEAD)


def checked(gigamost: Command, client: str, answer: str) -> Any:
    """What `--check` says of a server that answers so to anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)  # a command that never asks fails the test, and does not hang it

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                length = 0
                while (line := request.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                request.read(length)
                connection.sendall(answer.encode())

        thread = Thread(target=serve)
        thread.start()
        outcome = gigamost("connect", client, "--check", "--url", f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    return outcome
