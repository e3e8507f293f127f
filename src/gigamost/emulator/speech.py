"""Answers in words, in the prompt's language; and answers in JSON."""

import json
import re
from typing import Any

import jsonschema_rs

from gigamost.emulator.arguments import fill, fill_object
from gigamost.emulator.arithmetic import find_sum, show
from gigamost.emulator.conversation import FunctionResult
from gigamost.emulator.facts import Found, is_russian
from gigamost.emulator.files import StoredFile

_QUOTE = r"[\"'«“`](?P<said>.+?)[\"'»”`]"
_VERB = (
    r"(?:say|reply|respond|answer|output|print|write|return|скажи(?:те)?|ответь(?:те)?|напиши(?:те)?|повтори(?:те)?)"
)
_ALONE = re.compile(rf"(?is)\b{_VERB}\b[^\"'«“`]*{_QUOTE}(?P<rest>[^\"'«“`]*)$")
_EXACTLY = re.compile(
    rf"(?is)\b{_VERB}\b(?: with| just| only| одним словом| только| ровно)*\s*"
    r"(?:exactly|only|just|the word|the single word|ровно|только|слово(?:м)?)\s*:?\s+(?P<said>\S[^\n]*?)[.!]?\s*$"
)
_NOTHING_ELSE = re.compile(r"(?i)nothing else|и ничего (?:больше|другого)")
_COUNT = re.compile(r"(?i)\b(?:count|считай|посчитай|сосчитай)\b\D*(\d{1,3})\D+(\d{1,3})")
_PHRASE = re.compile(r".{1,40}(?:(?<=[.!?:;,\n])\s?|\s|$)|\S{1,40}", re.DOTALL)


def speak(prompt: str, files: tuple[StoredFile, ...] = ()) -> str:
    """An answer to the prompt, and a line about every attached file before it."""
    russian = is_russian(prompt)
    seen = [_tell_file(file, russian=russian) for file in files]
    return " ".join([*seen, _answer(prompt, russian=russian)])


def _answer(prompt: str, *, russian: bool) -> str:
    if match := _ALONE.search(prompt):
        # Recorded: "Say 'Hello' and nothing else" is answered "Hello." with a full stop.
        return match["said"] + ("." if _NOTHING_ELSE.search(match["rest"]) else "")
    if match := _EXACTLY.search(prompt):
        return match["said"]
    if match := _COUNT.search(prompt):
        first, last = int(match[1]), int(match[2])
        step = 1 if first <= last else -1
        return ", ".join(str(number) for number in range(first, last + step, step))
    if found := find_sum(prompt):
        return f"{found[0]} = {show(found[1])}"
    said = prompt if len(prompt) <= 300 else prompt[:300].rstrip() + "…"
    if russian:
        return f"Вы написали: «{said}». Это ответ эмулятора GigaChat: он повторяет вопрос, вызывает функции и рисует."
    return f'You wrote: "{said}". This is the GigaChat emulator: it repeats what you say, calls functions and draws.'


def _tell_file(file: StoredFile, *, russian: bool) -> str:
    verb = "Вижу" if russian else "I see"
    line = f"{verb} {file.filename} ({file.label})"
    if file.mime != "text/plain":
        return line + "."
    text = " ".join(file.data.decode("utf-8", "replace").split())
    return f"{line}: {text[:80]}."


def tell_result(results: tuple[FunctionResult, ...], *, russian: bool) -> str:
    """A sentence per function result that holds the result as it came."""
    template = "Функция {} вернула: {}" if russian else "The function {} returned: {}"
    return "\n".join(template.format(result.name, result.content) for result in results)


def write_json(schema: dict[str, Any], found: Found, *, every: bool) -> str:
    """JSON text that fits the schema, with the recorded indent of four: an object of the prompt, or one made up."""
    plain = {name: value for name, value in schema.items() if name != "$schema"}
    for candidate in found.objects:
        if jsonschema_rs.is_valid(plain, candidate):
            return json.dumps(candidate, ensure_ascii=False, indent=4)
    is_object = schema.get("type", "object") in ("object", ["object", "null"])
    if is_object and not schema.get("properties") and schema.get("additionalProperties", True) is True:
        schema = {**schema, "properties": {key: {"type": "string"} for key in found.take_keys()}}
    value = fill_object(schema, found, every=every) if is_object else fill(schema, "answer", found, every=every)
    return json.dumps(value, ensure_ascii=False, indent=4)


def phrases(text: str) -> list[str]:
    """The text in pieces of a phrase each, as the API streams it: their sum is the text."""
    return _PHRASE.findall(text)
