"""What becomes of every field of a `generateContent` request. The loss table in the docs is made from these rows."""

from collections.abc import Mapping

from gigamost.core.body import Rule

_NO_MODE = "GigaChat has no such setting"
_ONE = "GigaChat gives one candidate per request; send 1 and repeat the request."

TOP_RULES: Mapping[str, Rule] = {
    "model": Rule("exact", "the model of the path counts"),
    "contents": Rule("exact", "merged and reordered as GigaChat demands; images, audio and documents are uploaded"),
    "systemInstruction": Rule("exact", "text only"),
    "tools": Rule("exact", "schemas are reduced to what GigaChat accepts; Google's own tools where GigaChat has them"),
    "toolConfig": Rule("emulated", "ANY: first an instruction, then a forced call; VALIDATED is taken as AUTO"),
    "generationConfig": Rule("exact", "see its fields"),
    "cachedContent": Rule("refused", "the gateway keeps no content: send it in contents."),
    "safetySettings": Rule("ignored", "GigaChat's own filter: the answer has finishReason SAFETY", ([],)),
    "labels": Rule("ignored", "belongs to Google's billing", ({},)),
    "serviceTier": Rule("ignored", _NO_MODE, ("", "unspecified", "standard", "STANDARD")),
    "store": Rule("ignored", "nothing is stored", (False,)),
    "modelArmorConfig": Rule("ignored", "Google's filter; GigaChat's own decides", ({},)),
    "continuationToken": Rule("refused", "it continues an answer that Google keeps: send the history in contents."),
    "outputConfig": Rule("ignored", "the answer is in the response", ({},)),
}
CONFIG_RULES: Mapping[str, Rule] = {
    "temperature": Rule("exact", "0 is sent as top_p 0: GigaChat wants a temperature above 0"),
    "topP": Rule("exact"),
    "topK": Rule("ignored", _NO_MODE),
    "maxOutputTokens": Rule("exact", "clamped to the model's limit, and then listed"),
    "stopSequences": Rule("emulated", "the gateway cuts the text and ends the generation"),
    "candidateCount": Rule("refused", _ONE, (1,)),
    "seed": Rule("ignored", _NO_MODE),
    "presencePenalty": Rule("ignored", _NO_MODE, (0,)),
    "frequencyPenalty": Rule("ignored", _NO_MODE, (0,)),
    "responseMimeType": Rule("emulated", "application/json: an instruction; text/x.enum: a schema"),
    "responseSchema": Rule(
        "emulated", "the model's own mode or a forced call; a schema that is no object is wrapped in one"
    ),
    "responseJsonSchema": Rule("emulated", "as responseSchema"),
    "responseFormat": Rule("refused", "send responseMimeType and responseJsonSchema.", ([], {})),
    "responseModalities": Rule("emulated", "IMAGE lets the model draw; AUDIO and VIDEO are refused"),
    "thinkingConfig": Rule("emulated", "level or budget is the reasoning effort; thoughts are shown when asked for"),
    "responseLogprobs": Rule("refused", "GigaChat gives no log probabilities; leave it out.", (False,)),
    "logprobs": Rule("refused", "GigaChat gives no log probabilities; leave it out.", (0,)),
    "speechConfig": Rule("refused", "GigaChat answers with text and pictures only; leave it out."),
    "imageConfig": Rule("ignored", "what matters of a picture can be said in the prompt", ({},)),
    "mediaResolution": Rule("ignored", _NO_MODE, ("MEDIA_RESOLUTION_UNSPECIFIED",)),
    "audioTimestamp": Rule("ignored", _NO_MODE, (False,)),
    "audioTranscriptionConfig": Rule("ignored", _NO_MODE, ({},)),
    "translationConfig": Rule("ignored", _NO_MODE, ({},)),
    "routingConfig": Rule("ignored", "the gateway has routes of its own", ({},)),
    "modelSelectionConfig": Rule("ignored", "the gateway has routes of its own", ({},)),
    "modelConfig": Rule("ignored", "the gateway has routes of its own", ({},)),
    "enableAffectiveDialog": Rule("ignored", _NO_MODE, (False,)),
    "enableEnhancedCivicAnswers": Rule("ignored", _NO_MODE, (False,)),
}
RULES: Mapping[str, Rule] = {**TOP_RULES, **{f"generationConfig.{name}": rule for name, rule in CONFIG_RULES.items()}}
