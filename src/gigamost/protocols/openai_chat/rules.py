"""What becomes of every field of a Chat Completions request. The loss table in the docs is made from these rows."""

from collections.abc import Mapping

from gigamost.core.body import Rule

_NO_MODE = "GigaChat has no such setting"

RULES: Mapping[str, Rule] = {
    "model": Rule("exact", "a GigaChat model, or a name that stands for one"),
    "messages": Rule("exact", "merged and reordered as GigaChat demands; images, audio and documents are uploaded"),
    "audio": Rule("refused", "GigaChat answers with text only; leave it out."),
    "frequency_penalty": Rule("ignored", _NO_MODE, (0,)),
    "function_call": Rule("exact", "the older form of tool_choice"),
    "functions": Rule("exact", "the older form of tools"),
    "logit_bias": Rule("ignored", _NO_MODE, ({},)),
    "logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out.", (False,)),
    "max_completion_tokens": Rule("exact", "clamped to the model's limit, and then listed"),
    "max_tokens": Rule("exact", "clamped to the model's limit, and then listed"),
    "metadata": Rule("ignored", "belongs to OpenAI's stored completions", ({},)),
    "modalities": Rule("refused", 'GigaChat answers with text only; send ["text"] or leave it out.', (["text"], [])),
    "moderation": Rule("ignored", "GigaChat's own filter: the answer has finish_reason content_filter", ({},)),
    "n": Rule("refused", "GigaChat gives one choice per request; send n=1 and repeat the request.", (1,)),
    "parallel_tool_calls": Rule("emulated", "false keeps the first call of an answer", (True,)),
    "prediction": Rule("ignored", _NO_MODE),
    "presence_penalty": Rule("ignored", _NO_MODE, (0,)),
    "prompt_cache_key": Rule("ignored", "the gateway keeps a conversation on one GigaChat session by itself"),
    "prompt_cache_options": Rule("ignored", _NO_MODE, ({},)),
    "prompt_cache_retention": Rule("ignored", _NO_MODE),
    "reasoning_effort": Rule(
        "exact", "low, medium, high; others become the nearest of them; listed for models that do not reason"
    ),
    "response_format": Rule(
        "emulated",
        "json_schema: the model's own mode or a forced call; json_object: an instruction; regex: GigaChat v2",
    ),
    "safety_identifier": Rule("exact", "sent as X-Client-ID, hashed, when user is not given"),
    "seed": Rule("ignored", _NO_MODE),
    "service_tier": Rule("ignored", _NO_MODE, ("auto", "default")),
    "stop": Rule("emulated", "the gateway cuts the text and ends the generation"),
    "store": Rule("ignored", "nothing is stored", (False,)),
    "stream": Rule("exact"),
    "stream_options": Rule("emulated", "include_usage is honoured"),
    "temperature": Rule("exact", "0 is sent as top_p 0: GigaChat wants a temperature above 0"),
    "tool_choice": Rule("emulated", "required: first an instruction, then a forced call"),
    "tools": Rule("exact", "schemas are reduced to what GigaChat accepts; custom tools become functions"),
    "top_logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out.", (0,)),
    "top_p": Rule("exact"),
    "user": Rule("exact", "sent as X-Client-ID, hashed"),
    "verbosity": Rule("ignored", _NO_MODE, ("medium",)),
    "web_search_options": Rule("emulated", "GigaChat's own search, by v2; of the location its time zone is used"),
    "repetition_penalty": Rule("exact", "GigaChat's own field"),
    "update_interval": Rule("exact", "GigaChat's own field"),
    "profanity_check": Rule("exact", "GigaChat's own field"),
    "flags": Rule("exact", "GigaChat's own field"),
    "function_ranker": Rule("exact", "GigaChat's own field"),
    "storage": Rule("exact", "GigaChat's own field; the id of its thread is shown sealed"),
    "user_info": Rule("exact", "GigaChat's own field of v2 (the user's time zone); listed where v1 is spoken"),
}
