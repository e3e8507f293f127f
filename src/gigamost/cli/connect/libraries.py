"""Libraries: a whole program each, ready to run."""

from typing import Final

from gigamost.cli.connect.client import Client, Shape

_CALL: Final = Shape(0.3, history="question", streams=False)

LIBRARIES: Final = (
    Client(
        "langchain",
        "LangChain",
        "chat",
        _CALL,
        setup=(("pip", "install", "langchain-openai"),),
        language="python",
        code="""\
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="$model", base_url="$base/v1", api_key="$key", stream_usage=True)
print(model.invoke("Write a line about bridges.").content)""",
        notes=("With an address of one's own streamed answers have no usage unless `stream_usage` is set.",),
    ),
    Client(
        "llama-index",
        "LlamaIndex",
        "chat",
        _CALL,
        setup=(("pip", "install", "llama-index-llms-openai-like"),),
        language="python",
        code="""\
from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(
    model="$model",
    api_base="$base/v1",
    api_key="$key",
    is_chat_model=True,
    is_function_calling_model=True,
    context_window=131072,
)
print(model.complete("Write a line about bridges."))""",
        notes=("Its class `OpenAI` refuses names of models that it does not know.",),
    ),
    Client(
        "pydantic-ai",
        "Pydantic AI",
        "chat",
        _CALL,
        setup=(("pip", "install", "pydantic-ai-slim[openai]"),),
        language="python",
        code="""\
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel("$model", provider=OpenAIProvider(base_url="$base/v1", api_key="$key"))
print(Agent(model).run_sync("Write a line about bridges.").output)""",
    ),
    Client(
        "openai-agents",
        "OpenAI Agents SDK",
        "responses",
        Shape(0.4, body={"include": []}, history="question", streams=False),
        setup=(("pip", "install", "openai-agents"),),
        language="python",
        code="""\
from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

set_tracing_disabled(True)  # traces would go to OpenAI
client = AsyncOpenAI(base_url="$base/v1", api_key="$key")
agent = Agent(name="Assistant", model=OpenAIResponsesModel("$model", client))
print(Runner.run_sync(agent, "Write a line about bridges.").final_output)""",
    ),
    Client(
        "vercel-ai",
        "Vercel AI SDK",
        "chat",
        Shape(0.4, body={"stream_options": {"include_usage": True}}, history="question"),
        setup=(("npm", "install", "ai", "@ai-sdk/openai-compatible"),),
        language="javascript",
        code="""\
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

const gigamost = createOpenAICompatible({
  name: "gigamost",
  baseURL: "$base/v1",
  apiKey: "$key",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const { textStream } = streamText({ model: gigamost("$model"), prompt: "Write a line about bridges." });
for await (const text of textStream) process.stdout.write(text);
console.log();""",
    ),
)
