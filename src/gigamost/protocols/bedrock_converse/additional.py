"""How to sample: `inferenceConfig`, and what clients say in `additionalModelRequestFields`, in the words of the models
that Bedrock serves and in GigaChat's own."""

from typing import Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from gigamost.core.body import BodyReader
from gigamost.core.errors import GatewayError
from gigamost.core.request import Effort, JsonObject
from gigamost.protocols.bedrock_converse import wire
from gigamost.protocols.bedrock_converse.rules import ADDITIONAL, INFERENCE

OWN: Final = ("repetition_penalty", "update_interval", "profanity_check", "flags", "function_ranker", "storage")
_LOW, _MEDIUM = 4096, 16384  # tokens of a thinking budget below which an effort is low, or medium
Given = TypeVar("Given")
Inner = TypeVar("Inner", bound=msgspec.Struct)
Word = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Thinking(msgspec.Struct, frozen=True):
    type: Literal["enabled", "disabled", "adaptive"] = "enabled"
    budget_tokens: Annotated[int, Meta(ge=0)] | None = None


class ReasoningConfig(msgspec.Struct, frozen=True, rename="camel"):
    type: Literal["enabled", "disabled"] = "enabled"
    max_reasoning_effort: Word | None = None


class Output(msgspec.Struct, frozen=True):
    effort: Word | None = None


class Choice(msgspec.Struct, frozen=True):
    type: str = "auto"
    disable_parallel_tool_use: bool = False


class Additional(msgspec.Struct, frozen=True, rename={"nova_reasoning": "reasoningConfig"}):
    """Anthropic's words, Amazon's (`reasoningConfig`), OpenAI's and GigaChat's."""

    reasoning_effort: Word | UnsetType = UNSET
    output_config: Output | UnsetType = UNSET
    thinking: Thinking | UnsetType = UNSET
    reasoning_config: Thinking | UnsetType = UNSET
    nova_reasoning: ReasoningConfig | UnsetType = UNSET
    max_tokens: wire.Count | UnsetType = UNSET
    max_completion_tokens: wire.Count | UnsetType = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    top_p: wire.Share | UnsetType = UNSET
    stop: str | list[str] | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    tool_choice: Choice | UnsetType = UNSET
    top_k: float | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    anthropic_beta: list[str] | UnsetType = UNSET
    n: int | UnsetType = UNSET
    logprobs: bool | int | UnsetType = UNSET
    # GigaChat's own fields (gigachat-api.md section 4.1)
    repetition_penalty: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    update_interval: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    profanity_check: bool | UnsetType = UNSET
    flags: list[str] | UnsetType = UNSET
    function_ranker: dict[str, bool | int] | UnsetType = UNSET
    storage: dict[str, bool | int | str | dict[str, str] | None] | UnsetType = UNSET


class Sampling(NamedTuple):
    """`spelled` as in `ChatRequest`."""

    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: tuple[str, ...]
    effort: Effort | None
    parallel_tool_calls: bool
    own: JsonObject
    spelled: dict[str, str]


_inference = BodyReader(wire.InferenceConfiguration, INFERENCE)
_additional = BodyReader(Additional, ADDITIONAL)
_INFERENCE, _ADDITIONAL = "inferenceConfig", "additionalModelRequestFields"


def read_sampling(chat: wire.Converse, ignored: list[str]) -> Sampling:
    """Raises GatewayError (400). Where a thing is said twice, Converse's own field goes before the model's."""
    base, more = wire.InferenceConfiguration(), Additional()
    if chat.inference_config is not UNSET:
        base, lost = inside(_inference, chat.inference_config, _INFERENCE)
        ignored += lost
    if chat.additional_model_request_fields is not UNSET:
        more, lost = inside(_additional, chat.additional_model_request_fields, _ADDITIONAL)
        ignored += lost
    parallel, parallel_word = more.parallel_tool_calls is not False, "parallel_tool_calls"
    if more.tool_choice is not UNSET:
        if parallel and more.tool_choice.disable_parallel_tool_use:
            parallel, parallel_word = False, "tool_choice.disable_parallel_tool_use"
        if more.tool_choice.type != "auto":
            ignored.append(f"{_ADDITIONAL}.tool_choice.type")
    limits = (base.max_tokens, more.max_tokens, more.max_completion_tokens)
    words = (f"{_INFERENCE}.maxTokens", f"{_ADDITIONAL}.max_tokens", f"{_ADDITIONAL}.max_completion_tokens")
    spelled = {"max_tokens": next((word for word, limit in zip(words, limits, strict=True) if limit is not UNSET), "")}
    spelled["parallel_tool_calls"] = f"{_ADDITIONAL}.{parallel_word}"
    effort, spelled["effort"] = _effort(chat.output_config, more)
    stop = _first(base.stop_sequences, more.stop_sequences, more.stop) or ()
    return Sampling(
        max_tokens=_first(*limits),
        temperature=_first(base.temperature, more.temperature),
        top_p=_first(base.top_p, more.top_p),
        stop=tuple(filter(None, [stop] if isinstance(stop, str) else stop)),
        effort=effort,
        parallel_tool_calls=parallel,
        own={name: value for name in OWN if (value := getattr(more, name)) is not UNSET},
        spelled=spelled,
    )


def _effort(output: wire.OutputConfig | UnsetType, more: Additional) -> tuple[Effort | None, str]:
    """The effort, and where the client said it."""
    if output is not UNSET and output.effort is not None:
        return _known(output.effort), "outputConfig.effort"
    if more.output_config is not UNSET and more.output_config.effort is not None:
        return _known(more.output_config.effort), f"{_ADDITIONAL}.output_config.effort"
    if more.reasoning_effort is not UNSET:
        return _known(more.reasoning_effort), f"{_ADDITIONAL}.reasoning_effort"
    if more.nova_reasoning is not UNSET:
        return _of_nova(more.nova_reasoning), f"{_ADDITIONAL}.reasoningConfig"
    if more.thinking is not UNSET:
        return _of_budget(more.thinking), f"{_ADDITIONAL}.thinking"
    if more.reasoning_config is not UNSET:
        return _of_budget(more.reasoning_config), f"{_ADDITIONAL}.reasoning_config"
    return None, "outputConfig.effort"


def _known(word: Word) -> Effort:
    return "xhigh" if word == "max" else word


def _of_nova(config: ReasoningConfig) -> Effort | None:
    if config.type == "disabled":
        return "none"
    return _known(config.max_reasoning_effort or "medium")


def _of_budget(thinking: Thinking) -> Effort | None:
    if thinking.type == "disabled":
        return "none"
    if thinking.budget_tokens is None:
        return "medium"
    return "low" if thinking.budget_tokens < _LOW else "medium" if thinking.budget_tokens < _MEDIUM else "high"


def _first(*values: Given | UnsetType) -> Given | None:
    """The first that the client gave."""
    return next((value for value in values if value is not UNSET), None)


def inside(reader: BodyReader[Inner], raw: Raw, place: str) -> tuple[Inner, list[str]]:
    """Reads an object inside the body; fields and errors are named with their `place`."""
    try:
        value, ignored = reader.read(bytes(raw))
    except GatewayError as error:
        problem = error.problem
        param = f"{place}.{problem.param}" if problem.param else place
        raise GatewayError.of(
            msgspec.structs.replace(problem, message=f"{place}: {problem.message}", param=param)
        ) from None
    return value, [f"{place}.{name}" for name in ignored]
