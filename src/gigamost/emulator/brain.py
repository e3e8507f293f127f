"""What the emulator thinks: a chat request in, a `Thought` out. The same request always gets the same thought.

In order: a directive, a forced call, an answer about a function's result, a call that the prompt plausibly needs, a
picture, JSON for a schema, and else words.
"""

from typing import Any

import msgspec

from gigamost.emulator.arguments import fill_object
from gigamost.emulator.catalogue import Facts
from gigamost.emulator.choice import choose_function
from gigamost.emulator.facts import Found, is_russian
from gigamost.emulator.files import StoredFile
from gigamost.emulator.personalities import Directives, strip_directives
from gigamost.emulator.speech import speak, tell_result, wants_picture, write_json

Body = dict[str, Any]  # a judged request


class Ask(msgspec.Struct, frozen=True):
    """A judged request and what belongs to it. `files` are those attached to the last user message."""

    body: Body
    model: Facts
    directives: Directives
    files: tuple[StoredFile, ...] = ()


class FunctionCall(msgspec.Struct, frozen=True):
    name: str
    arguments: dict[str, Any]


class Thought(msgspec.Struct, frozen=True):
    """An answer before it has a form. `picture` is the prompt of a picture that stands before the text.

    `finish` is the API's own word.
    """

    text: str = ""
    reasoning: str = ""
    call: FunctionCall | None = None
    picture: str | None = None
    finish: str = "stop"


def think(ask: Ask) -> Thought:
    thought = _decide(ask)
    if "error" in ask.directives:
        return Thought(thought.text if thought.call is None else "", finish="error")
    effort = ask.model.reasoning and "reasoning_effort" in ask.body
    if effort or "reason" in ask.directives:
        prompt = user_text(ask.body)
        reasoning = f"Пользователь пишет: {prompt}" if is_russian(prompt) else f"The user writes: {prompt}"
        return msgspec.structs.replace(thought, reasoning=reasoning)
    return thought


def _decide(ask: Ask) -> Thought:
    prompt = user_text(ask.body)
    directed = _directed(ask.directives, prompt)
    if directed is not None:
        return directed
    call = _call(ask, prompt)
    if call is not None:
        return Thought(call=call, finish="function_call")
    results = trailing_results(ask.body)
    schema = ask.body.get("response_format", {}).get("schema")
    if schema:
        facts = Found("\n".join([prompt, *(content for _, content in results)]))
        return Thought(write_json(schema, facts, every=bool(ask.body["response_format"].get("strict"))))
    if results:
        return Thought(tell_result(results, russian=is_russian(prompt)))
    if _may_draw(ask.body) and wants_picture(prompt):
        return Thought("Вот рисунок." if is_russian(prompt) else "Here is the picture.", picture=prompt)
    return Thought(speak(prompt, ask.files))


def _directed(directives: Directives, prompt: str) -> Thought | None:
    russian = is_russian(prompt)
    if "blacklist" in directives:
        refusal = "Что-то в вашем вопросе меня смущает. Может, поговорим на другую тему?"
        return Thought(refusal if russian else "I would rather not talk about this topic.", finish="blacklist")
    if "text" in directives:
        return Thought(directives.text("text"))
    if (length := directives.whole("long")) is not None:
        return Thought(" ".join(f"слово{n}" if russian else f"word{n}" for n in range(1, length + 1)))
    if "lt" in directives:
        return Thought("<")
    return Thought() if "empty" in directives else None


def _call(ask: Ask, prompt: str) -> FunctionCall | None:
    """A forced call always; one that is asked for by name or plausibly needed only while no result is last."""
    functions = {function["name"]: function for function in ask.body.get("functions") or ()}
    mode = ask.body.get("function_call", "auto")
    forced: Body = mode if isinstance(mode, dict) else {}
    done = [name for name, _ in trailing_results(ask.body)]
    name: str | None = forced.get("name")
    if name is None:
        if mode == "none" or "no_call" in ask.directives:
            return None
        wanted = ask.directives.text("call")
        if wanted:
            name = wanted if wanted in functions and not done else None
        else:
            name = choose_function(list(functions.values()), prompt, done)
    if name is None:
        return None
    partial: Body = forced.get("partial_arguments", {})
    filled = fill_object(functions[name].get("parameters") or {}, Found(prompt)) | partial
    return FunctionCall(name, filled)


def _may_draw(body: Body) -> bool:
    """The built-in runs with `auto`: with no functions at all, or when it is named among them (section 4.5)."""
    names = {function["name"] for function in body.get("functions") or ()}
    return body.get("function_call") == "auto" and (not names or "text2image" in names)


def user_text(body: Body) -> str:
    """The last user message without directives, "" when nobody said anything."""
    texts = (message["content"] for message in reversed(body["messages"]) if message["role"] == "user")
    return strip_directives(next(texts, ""))


def trailing_results(body: Body) -> list[tuple[str, str]]:
    """(function name, content) of what came back since the last answer in words, oldest first.

    User messages behind the results are passed over: agents put their runtime context there.
    """
    results: list[tuple[str, str]] = []
    for message in reversed(body["messages"]):
        if message["role"] == "function":
            results.insert(0, (message["name"], message["content"]))
        elif results if message["role"] == "user" else "function_call" not in message:
            break
    return results
