"""What becomes of every field of a Messages request. The loss table in the docs is made from these rows."""

from collections.abc import Mapping

from gigamost.core.body import Rule

_NO_MODE = "GigaChat has no such setting"
_ANTHROPIC = "belongs to an account at Anthropic"

RULES: Mapping[str, Rule] = {
    "model": Rule("exact", "a GigaChat model, or a name that stands for one"),
    "max_tokens": Rule("exact", "required, as Anthropic documents; clamped to the model's limit, and then listed"),
    "messages": Rule(
        "exact",
        "merged and reordered as GigaChat demands; images and documents are uploaded; results of tools that a server "
        "ran become text; thinking is not sent back; tools may be added and removed on the way",
    ),
    "cache_control": Rule("emulated", "accepted everywhere: GigaChat caches the opening of a conversation by itself"),
    "container": Rule("ignored", "GigaChat's code interpreter has no containers to keep"),
    "diagnostics": Rule("ignored", _NO_MODE, ({},)),
    "inference_geo": Rule("ignored", _NO_MODE),
    "metadata": Rule("exact", "user_id is sent as X-Client-ID, hashed"),
    "output_config": Rule("emulated", "effort: for models that reason; format: the model's own mode or a forced call"),
    "service_tier": Rule("ignored", _NO_MODE, ("auto", "standard_only")),
    "speed": Rule("ignored", _NO_MODE, ("standard",)),
    "stop_sequences": Rule("emulated", "the gateway cuts the text, ends the generation and names the sequence"),
    "stream": Rule("exact"),
    "system": Rule("exact", "the blocks are joined"),
    "temperature": Rule("exact", "0 is sent as top_p 0: GigaChat wants a temperature above 0"),
    "thinking": Rule("emulated", "budget_tokens becomes low, medium or high; thinking is shown only when asked for"),
    "tool_choice": Rule(
        "emulated", "any: first an instruction, then a forced call; disable_parallel_tool_use keeps the first call"
    ),
    "tools": Rule(
        "exact",
        "schemas are reduced to what GigaChat accepts; bash, text editor, memory, computer and browser tools become "
        "functions by their documented schema; web search, web fetch and code execution become GigaChat's own; "
        "settings of a tool that have no effect here are listed",
    ),
    "top_k": Rule("ignored", _NO_MODE),
    "top_p": Rule("exact"),
    "user_profile_id": Rule("ignored", _ANTHROPIC),
    "workspace_id": Rule("ignored", _ANTHROPIC),
    "betas": Rule("emulated", "accepted: what a beta adds has its own row here"),
    "billing_policy": Rule("ignored", _ANTHROPIC),
    "compaction": Rule("emulated", "the model is asked for a summary, which comes back as a compaction block"),
    "context_management": Rule("emulated", "clear_thinking always holds; other edits are listed"),
    "fallback_credit_token": Rule("ignored", _ANTHROPIC),
    "fallbacks": Rule("ignored", "fallback is configured by the operator's routes", ([],)),
    "mcp_servers": Rule("ignored", "the gateway calls no MCP servers", ([],)),
    "output_format": Rule("emulated", "the older name of output_config.format"),
    "thread": Rule("refused", "the gateway keeps no conversation: send all messages with every request."),
}
