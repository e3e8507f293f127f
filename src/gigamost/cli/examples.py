"""`examples`: short programs that are ready to run against the gateway."""

from typing import Final

import msgspec

from gigamost.cli.connect import address, client_key
from gigamost.cli.connect.client import Place
from gigamost.cli.terminal import CommandError, say, table
from gigamost.config import load
from gigamost.config.origin import nearest
from gigamost.routing.names import FLAGSHIP


class Example(msgspec.Struct, frozen=True):
    name: str
    about: str
    text: str


EXAMPLES: Final = (
    Example(
        "curl",
        "one chat",
        """\
curl $base/v1/chat/completions \\
  -H 'Authorization: Bearer $key' -H 'Content-Type: application/json' \\
  -d '{"model": "$model", "messages": [{"role": "user", "content": "Hello!"}]}'""",
    ),
    Example(
        "curl-stream",
        "one chat, streamed",
        """\
curl -N $base/v1/chat/completions \\
  -H 'Authorization: Bearer $key' -H 'Content-Type: application/json' \\
  -d '{"model": "$model", "stream": true, "messages": [{"role": "user", "content": "Count to ten."}]}'""",
    ),
    Example(
        "python",
        "the official OpenAI client (pip install openai)",
        """\
from openai import OpenAI

client = OpenAI(base_url="$base/v1", api_key="$key")
stream = client.chat.completions.create(
    model="$model",
    messages=[{"role": "user", "content": "Write a line about bridges."}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()""",
    ),
    Example(
        "python-tools",
        "a tool that the model calls",
        """\
import json

from openai import OpenAI

client = OpenAI(base_url="$base/v1", api_key="$key")
tools = [{
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}]
messages = [{"role": "user", "content": "What is the weather in Kazan? Use the tool."}]
answer = client.chat.completions.create(model="$model", messages=messages, tools=tools).choices[0].message
messages.append(answer)
for call in answer.tool_calls or []:
    city = json.loads(call.function.arguments)["city"]
    messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps({"city": city, "celsius": 12})})
print(client.chat.completions.create(model="$model", messages=messages, tools=tools).choices[0].message.content)""",
    ),
    Example(
        "python-json",
        "an answer that fits a schema (pip install openai pydantic)",
        """\
from openai import OpenAI
from pydantic import BaseModel


class City(BaseModel):
    name: str
    population: int


client = OpenAI(base_url="$base/v1", api_key="$key")
answer = client.chat.completions.parse(
    model="$model", messages=[{"role": "user", "content": "Tell about Moscow."}], response_format=City
)
print(answer.choices[0].message.parsed)""",
    ),
    Example(
        "embeddings",
        "vectors of texts",
        """\
curl $base/v1/embeddings \\
  -H 'Authorization: Bearer $key' -H 'Content-Type: application/json' \\
  -d '{"model": "Embeddings", "input": ["first", "second"]}'""",
    ),
    Example(
        "node",
        "the official OpenAI client for JavaScript (npm install openai)",
        """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "$base/v1", apiKey: "$key" });
const stream = await client.chat.completions.create({
  model: "$model",
  messages: [{ role: "user", content: "Hello!" }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
console.log();""",
    ),
)


def show(name: str | None) -> None:
    if name is None:
        table(("example", "about"), [(example.name, example.about) for example in EXAMPLES])
        say()
        say("`gigamost examples NAME` prints one; `gigamost connect CLIENT` is for ready clients.")
        return
    settings = load()
    say(find(name, Place(address(settings), client_key(settings), settings.models.default or FLAGSHIP)))


def find(name: str, place: Place) -> str:
    """The example's text, filled in. Raises CommandError."""
    for example in EXAMPLES:
        if example.name == name:
            return place.fill(example.text)
    names = [example.name for example in EXAMPLES]
    raise CommandError(f"There is no example {name!r}{nearest(name, names)}. There are: {', '.join(names)}.")
