"""What becomes of every field of Ollama's requests. The loss table in the docs is made from these rows."""

from collections.abc import Mapping

from gigamost.core.body import Rule

_NO_MODE = "GigaChat has no such setting"
_NOT_LOCAL = "concerns the computer that runs the model"

_ASKED: Mapping[str, Rule] = {
    "model": Rule("exact", "a GigaChat model, or a name that stands for one; the tag :latest is left out"),
    "format": Rule("emulated", "a schema: the model's own mode or a forced call; json: an instruction"),
    "keep_alive": Rule("exact", "nothing is loaded or unloaded: any value will do"),
    "logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out.", (False,)),
    "options": Rule("exact", "see its fields"),
    "shift": Rule("exact", "nothing is ever shifted out of the context: what does not fit is refused"),
    "stream": Rule("exact", "true when it is left out, as in Ollama"),
    "think": Rule(
        "exact", "low, medium, high; max is high, true is medium; listed for models that do not reason", ("",)
    ),
    "top_logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out.", (0,)),
    "truncate": Rule("exact", "nothing is ever cut from the conversation: what does not fit is refused"),
}
CHAT: Mapping[str, Rule] = {
    **_ASKED,
    "messages": Rule("exact", "merged and reordered as GigaChat demands; images are uploaded"),
    "tools": Rule("exact", "schemas are reduced to what GigaChat accepts"),
}
GENERATE: Mapping[str, Rule] = {
    **_ASKED,
    "prompt": Rule("exact", "sent as a user message"),
    "context": Rule("ignored", "tokens of another model; use /api/chat for a conversation", ([],)),
    "height": Rule("ignored", _NO_MODE, (0,)),
    "images": Rule("exact", "uploaded and attached to the prompt"),
    "raw": Rule("ignored", "GigaChat applies its own template", (False,)),
    "steps": Rule("ignored", _NO_MODE, (0,)),
    "suffix": Rule("emulated", "the text between prompt and suffix is asked for by an instruction"),
    "system": Rule("exact", "sent as a system message"),
    "template": Rule("ignored", "GigaChat applies its own template", ("",)),
    "width": Rule("ignored", _NO_MODE, (0,)),
}
EMBED: Mapping[str, Rule] = {
    "model": CHAT["model"],
    "input": Rule("exact", "one text or many, sent in several requests; the vectors are brought to length 1"),
    "dimensions": Rule("emulated", "only the model's own number is accepted"),
    "keep_alive": CHAT["keep_alive"],
    "options": Rule("ignored", "an embedding has no settings", ({},)),
    "truncate": Rule("exact", "a text that is too long is refused, never cut"),
}
EMBEDDINGS: Mapping[str, Rule] = {
    "model": CHAT["model"],
    "prompt": Rule("exact", "one text; its vector comes as GigaChat gives it"),
    "keep_alive": CHAT["keep_alive"],
    "options": EMBED["options"],
}
OPTIONS: Mapping[str, Rule] = {
    "temperature": Rule("exact", "0 is sent as top_p 0: GigaChat wants a temperature above 0"),
    "top_p": Rule("exact"),
    "num_predict": Rule("exact", "clamped to the model's limit, and then listed; -1, -2 and 0 set no limit"),
    "stop": Rule("emulated", "the gateway cuts the text and ends the generation"),
    "repeat_penalty": Rule("exact", "sent as repetition_penalty"),
    "seed": Rule("ignored", _NO_MODE),
    "top_k": Rule("ignored", _NO_MODE),
    "min_p": Rule("ignored", _NO_MODE, (0,)),
    "typical_p": Rule("ignored", _NO_MODE, (1,)),
    "tfs_z": Rule("ignored", _NO_MODE, (1,)),
    "repeat_last_n": Rule("ignored", _NO_MODE),
    "presence_penalty": Rule("ignored", _NO_MODE, (0,)),
    "frequency_penalty": Rule("ignored", _NO_MODE, (0,)),
    "penalize_newline": Rule("ignored", _NO_MODE),
    "mirostat": Rule("ignored", _NO_MODE, (0,)),
    "mirostat_eta": Rule("ignored", _NO_MODE),
    "mirostat_tau": Rule("ignored", _NO_MODE),
    "num_keep": Rule("ignored", "nothing is ever shifted out of the context", (0,)),
    "num_ctx": Rule("ignored", "the model's own context is always there in full; /api/show tells its size"),
    "num_batch": Rule("ignored", _NOT_LOCAL),
    "num_gpu": Rule("ignored", _NOT_LOCAL),
    "main_gpu": Rule("ignored", _NOT_LOCAL),
    "num_thread": Rule("ignored", _NOT_LOCAL),
    "numa": Rule("ignored", _NOT_LOCAL, (False,)),
    "use_mmap": Rule("ignored", _NOT_LOCAL),
    "use_mlock": Rule("ignored", _NOT_LOCAL, (False,)),
    "low_vram": Rule("ignored", _NOT_LOCAL, (False,)),
    "f16_kv": Rule("ignored", _NOT_LOCAL),
    "logits_all": Rule("ignored", _NOT_LOCAL, (False,)),
    "vocab_only": Rule("ignored", _NOT_LOCAL, (False,)),
    "embedding_only": Rule("ignored", _NOT_LOCAL, (False,)),
}
