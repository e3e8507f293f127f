"""What becomes of every field of a Responses request. The loss table in the docs is made from these rows."""

from collections.abc import Mapping

from gigamost.core.body import Rule

_NO_MODE = "GigaChat has no such setting"

RULES: Mapping[str, Rule] = {
    "model": Rule("exact", "a GigaChat model, or a name that stands for one"),
    "input": Rule("exact", "merged and reordered as GigaChat demands; images, audio and documents are uploaded"),
    "access_programs": Rule("ignored", "belongs to OpenAI's accounts", ({},)),
    "background": Rule("emulated", "made by a worker of the gateway, which survives a restart; needs store"),
    "client_metadata": Rule("ignored", "what a client says of itself goes nowhere", ({},)),
    "context_management": Rule("ignored", "call /responses/compact, or send a compaction_trigger", ([],)),
    "conversation": Rule("emulated", "the gateway keeps conversations"),
    "frequency_penalty": Rule("ignored", _NO_MODE, (0,)),
    "image": Rule("ignored", _NO_MODE, ({}, {"context_compression": "auto"})),
    "include": Rule("emulated", "reasoning.encrypted_content is honoured; what GigaChat cannot give is listed"),
    "instructions": Rule("exact", "the first system text; not carried over from an earlier response"),
    "max_output_tokens": Rule("exact", "clamped to the model's limit, and then listed"),
    "max_tool_calls": Rule("ignored", "GigaChat does not count the calls of its built-in tools"),
    "metadata": Rule("exact", "kept with the response"),
    "moderation": Rule(
        "ignored", "GigaChat's own filter: the answer is incomplete, with the reason content_filter", ({},)
    ),
    "parallel_tool_calls": Rule("emulated", "false keeps the first call of an answer"),
    "presence_penalty": Rule("ignored", _NO_MODE, (0,)),
    "previous_response_id": Rule("emulated", "the gateway keeps responses"),
    "prompt": Rule("refused", "prompt templates are kept by OpenAI; send instructions and input instead."),
    "prompt_cache_key": Rule("emulated", "the gateway keeps a conversation on one GigaChat session by itself"),
    "prompt_cache_options": Rule("ignored", _NO_MODE, ({},)),
    "prompt_cache_retention": Rule("ignored", _NO_MODE),
    "reasoning": Rule(
        "exact", "effort low, medium, high; others become the nearest of them; listed for models that do not reason"
    ),
    "safety_identifier": Rule("exact", "sent as X-Client-ID, hashed, when user is not given"),
    "service_tier": Rule("ignored", _NO_MODE, ("auto", "default")),
    "store": Rule("emulated", "the gateway keeps responses; true unless it is false"),
    "stream": Rule("exact"),
    "stream_options": Rule(
        "ignored", "streams are never obfuscated", ({}, {"include_obfuscation": False}, {"include_usage": True})
    ),
    "temperature": Rule("exact", "0 is sent as top_p 0: GigaChat wants a temperature above 0"),
    "text": Rule("emulated", "json_schema: the model's own mode or a forced call; json_object: an instruction"),
    "tool_choice": Rule("emulated", "required: first an instruction, then a forced call"),
    "tools": Rule("exact", "schemas are reduced to what GigaChat accepts; namespaces are flattened"),
    "top_logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out.", (0,)),
    "top_p": Rule("exact"),
    "truncation": Rule("ignored", "an input that is too long is a 400 context_length_exceeded", ("disabled",)),
    "user": Rule("exact", "sent as X-Client-ID, hashed"),
    "repetition_penalty": Rule("exact", "GigaChat's own field"),
    "update_interval": Rule("exact", "GigaChat's own field"),
    "profanity_check": Rule("exact", "GigaChat's own field"),
    "flags": Rule("exact", "GigaChat's own field"),
    "function_ranker": Rule("exact", "GigaChat's own field"),
}
