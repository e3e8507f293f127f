"""What becomes of every field of a Converse request. The loss table in the docs is made from these rows.

`RULES` are the fields of the body, `INFERENCE` and `ADDITIONAL` those inside two of them. What is below them goes as
its parent goes, but for the rows of `INNER`. `COUNT` is CountTokens.
"""

from collections.abc import Mapping

from gigamost.core.body import Rule
from gigamost.protocols.bedrock_converse import wire

_NO_MODE = "GigaChat has no such setting"
_OWN = Rule("exact", "GigaChat's own field")

RULES: Mapping[str, Rule] = {
    "messages": Rule("exact", "merged and reordered as GigaChat demands; images, audio and documents are uploaded"),
    "system": Rule("exact", "joined into one system message"),
    "inferenceConfig": Rule("exact", "see its fields"),
    "toolConfig": Rule(
        "exact", "schemas are reduced to what GigaChat accepts; any: first an instruction, then a forced call"
    ),
    "guardrailConfig": Rule(
        "ignored", "AWS guardrails are not applied; GigaChat's own filter is: stopReason content_filtered", ({},)
    ),
    "additionalModelRequestFields": Rule("exact", "see its fields"),
    "promptVariables": Rule("refused", "the gateway keeps no prompts; send the finished text in messages.", ({},)),
    "additionalModelResponseFieldPaths": Rule("exact", "a path to stop_sequence is honoured, others are listed"),
    "requestMetadata": Rule("ignored", "belongs to Bedrock's invocation logs", ({},)),
    "performanceConfig": Rule(
        "ignored", _NO_MODE, (wire.PerformanceConfiguration(), wire.PerformanceConfiguration("standard"))
    ),
    "serviceTier": Rule("ignored", _NO_MODE, (wire.ServiceTier(), wire.ServiceTier("default"))),
    "outputConfig": Rule("emulated", "textFormat: the model's own mode or a forced call; effort as reasoning_effort"),
}

INFERENCE: Mapping[str, Rule] = {
    "maxTokens": Rule("exact", "clamped to the model's limit, and then listed"),
    "temperature": Rule("exact", "0 is sent as top_p 0: GigaChat wants a temperature above 0"),
    "topP": Rule("exact"),
    "stopSequences": Rule("emulated", "the gateway cuts the text and ends the generation"),
}

_EFFORT = Rule("exact", "low, medium, high; others become the nearest of them; listed for models that do not reason")
ADDITIONAL: Mapping[str, Rule] = {
    "reasoning_effort": _EFFORT,
    "output_config": Rule("exact", "its effort counts, as reasoning_effort"),
    "thinking": Rule("exact", "a budget below 4096 tokens is a low effort, below 16384 a medium one, else a high one"),
    "reasoning_config": Rule("exact", "as thinking"),
    "reasoningConfig": Rule("exact", "its maxReasoningEffort counts, as reasoning_effort"),
    "max_tokens": Rule("exact", "as inferenceConfig.maxTokens, which goes before it"),
    "max_completion_tokens": Rule("exact", "as inferenceConfig.maxTokens, which goes before it"),
    "temperature": Rule("exact", "as inferenceConfig.temperature, which goes before it"),
    "top_p": Rule("exact", "as inferenceConfig.topP, which goes before it"),
    "stop": Rule("emulated", "as inferenceConfig.stopSequences, which goes before it"),
    "stop_sequences": Rule("emulated", "as inferenceConfig.stopSequences, which goes before it"),
    "parallel_tool_calls": Rule("emulated", "false keeps the first call of an answer", (True,)),
    "tool_choice": Rule("emulated", "only its disable_parallel_tool_use; the choice itself belongs in toolConfig"),
    "top_k": Rule("ignored", _NO_MODE),
    "seed": Rule("ignored", _NO_MODE),
    "anthropic_beta": Rule("ignored", "names features of another vendor's models", ([],)),
    "n": Rule("refused", "GigaChat gives one choice per request; send n=1 and repeat the request.", (1,)),
    "logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out.", (False,)),
    "repetition_penalty": _OWN,
    "update_interval": _OWN,
    "profanity_check": _OWN,
    "flags": _OWN,
    "function_ranker": _OWN,
    "storage": _OWN,
}

_NO_CITATIONS = Rule("ignored", "the model cites only what it finds on the web", (False,))
_NO_S3 = Rule("refused", "the gateway reads nothing from S3; send the data in bytes.")
INNER: Mapping[str, Rule] = {
    "messages.content.cachePoint": Rule("emulated", "GigaChat caches by itself, and the gateway keeps its session"),
    "messages.content.image.source.s3Location": _NO_S3,
    "messages.content.document.source.s3Location": _NO_S3,
    "messages.content.audio.source.s3Location": _NO_S3,
    "messages.content.document.citations": _NO_CITATIONS,
    "messages.content.document.context": Rule("emulated", "said before the document"),
    "messages.content.document.source.text": Rule("emulated", "stands in the message as text"),
    "messages.content.video": Rule("refused", "GigaChat takes images, audio and documents"),
    "messages.content.guardContent.text.qualifiers": Rule("ignored", "AWS guardrails are not applied", ([],)),
    "messages.content.reasoningContent.reasoningText.signature": Rule("emulated", "not needed: not sent on"),
    "messages.content.reasoningContent.redactedContent": Rule("ignored", "only the model that wrote it can read it"),
    "messages.content.searchResult": Rule("emulated", "stands in the message as text"),
    "messages.content.searchResult.citations": _NO_CITATIONS,
    "messages.content.toolAddition": Rule("emulated", "the tool is offered again"),
    "messages.content.toolRemoval": Rule("emulated", "the tool is no longer offered"),
    "toolConfig.tools.systemTool": Rule("exact", "GigaChat's built-in tool of the same use; others are listed"),
    "toolConfig.tools.cachePoint": Rule("emulated", "GigaChat caches by itself"),
    "outputConfig.textFormat.structure.jsonSchema.name": Rule("ignored", _NO_MODE),
}

COUNT: Mapping[str, Rule] = {"input": Rule("exact", "a Converse request; an InvokeModel body is refused")}
