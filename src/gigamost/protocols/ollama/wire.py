"""Ollama's own API (docs.ollama.com/api), word for word: the bodies that clients send."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

JsonObject = dict[str, Any]


class FunctionCall(msgspec.Struct, frozen=True):
    """`arguments` is an object; JSON text is read too, because clients of other APIs replay it so."""

    name: str = ""
    arguments: JsonObject | str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    function: FunctionCall = FunctionCall()
    id: str | None = None


class Message(msgspec.Struct, frozen=True):
    """`images` are Base64. A tool's message names its tool, or its call, or neither."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    name: str | None = None


class Function(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1)]
    description: str | None = None
    parameters: JsonObject | None = None


class Tool(msgspec.Struct, frozen=True):
    type: str = "function"
    function: Function | None = None


class Options(msgspec.Struct, frozen=True):
    """`options`: the parameters of a Modelfile, and how the model is loaded."""

    temperature: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    num_predict: int | UnsetType = UNSET
    stop: str | list[str] | UnsetType = UNSET
    repeat_penalty: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    min_p: float | UnsetType = UNSET
    typical_p: float | UnsetType = UNSET
    tfs_z: float | UnsetType = UNSET
    repeat_last_n: int | UnsetType = UNSET
    presence_penalty: float | UnsetType = UNSET
    frequency_penalty: float | UnsetType = UNSET
    penalize_newline: bool | UnsetType = UNSET
    mirostat: int | UnsetType = UNSET
    mirostat_eta: float | UnsetType = UNSET
    mirostat_tau: float | UnsetType = UNSET
    num_keep: int | UnsetType = UNSET
    num_ctx: int | UnsetType = UNSET
    num_batch: int | UnsetType = UNSET
    num_gpu: int | UnsetType = UNSET
    main_gpu: int | UnsetType = UNSET
    num_thread: int | UnsetType = UNSET
    numa: bool | UnsetType = UNSET
    use_mmap: bool | UnsetType = UNSET
    use_mlock: bool | UnsetType = UNSET
    low_vram: bool | UnsetType = UNSET
    f16_kv: bool | UnsetType = UNSET
    logits_all: bool | UnsetType = UNSET
    vocab_only: bool | UnsetType = UNSET
    embedding_only: bool | UnsetType = UNSET


class Asked(msgspec.Struct, frozen=True):
    """What chat and generate have in common. `options` is read apart, to name its unknown fields."""

    model: str = ""
    format: str | JsonObject | UnsetType = UNSET
    keep_alive: float | str | UnsetType = UNSET
    logprobs: bool | UnsetType = UNSET
    options: JsonObject | UnsetType = UNSET
    shift: bool | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    think: bool | Literal["", "low", "medium", "high", "max"] | UnsetType = UNSET
    top_logprobs: int | UnsetType = UNSET
    truncate: bool | UnsetType = UNSET


class Chat(Asked, frozen=True):
    """`POST /api/chat`."""

    messages: list[Message] = []
    tools: list[Tool] | UnsetType = UNSET


class Generate(Asked, frozen=True):
    """`POST /api/generate`."""

    prompt: str = ""
    context: list[int] | UnsetType = UNSET
    height: int | UnsetType = UNSET
    images: list[str] | UnsetType = UNSET
    raw: bool | UnsetType = UNSET
    steps: int | UnsetType = UNSET
    suffix: str | UnsetType = UNSET
    system: str | UnsetType = UNSET
    template: str | UnsetType = UNSET
    width: int | UnsetType = UNSET


class Embed(msgspec.Struct, frozen=True):
    """`POST /api/embed`."""

    model: str = ""
    input: str | list[str] = []
    dimensions: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    keep_alive: float | str | UnsetType = UNSET
    options: JsonObject | UnsetType = UNSET
    truncate: bool | UnsetType = UNSET


class Embeddings(msgspec.Struct, frozen=True):
    """`POST /api/embeddings`, the older one: one text, one vector."""

    model: str = ""
    prompt: str = ""
    keep_alive: float | str | UnsetType = UNSET
    options: JsonObject | UnsetType = UNSET


class Named(msgspec.Struct, frozen=True):
    """The bodies that name a model and little more: show, pull. `name` is the older word."""

    model: str | None = None
    name: str | None = None
