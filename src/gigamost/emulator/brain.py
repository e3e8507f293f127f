"""What the emulator thinks: an `Ask` in, a `Thought` out. The same request always gets the same thought.

In order: a directive, calls that are forced or that the prompt plausibly needs, text for a pattern, JSON for a schema,
an answer about functions' results, what was said earlier, a built-in tool, and else words.
"""

import msgspec

from gigamost.emulator.arguments import fill_object
from gigamost.emulator.ask import Ask, Thought
from gigamost.emulator.choice import choose_functions
from gigamost.emulator.conversation import FunctionCall
from gigamost.emulator.facts import Found, apart, is_russian
from gigamost.emulator.memory import remember
from gigamost.emulator.pattern import compile_pattern
from gigamost.emulator.pattern_nodes import Writer
from gigamost.emulator.personalities import Directives
from gigamost.emulator.speech import speak, tell_result, write_json
from gigamost.emulator.toolbox import use_tool


def think(ask: Ask) -> Thought:
    thought = _decide(ask)
    if "error" in ask.directives:
        return Thought("" if thought.calls else thought.text, finish="error")
    if ask.thinks or "reason" in ask.directives:
        prompt = ask.prompt
        reasoning = f"Пользователь пишет: {prompt}" if is_russian(prompt) else f"The user writes: {prompt}"
        return msgspec.structs.replace(thought, reasoning=reasoning)
    return thought


def _decide(ask: Ask) -> Thought:
    prompt = ask.prompt
    directed = _directed(ask.directives, prompt)
    if directed is not None:
        return directed
    calls = _calls(ask)
    if calls:
        return Thought(calls=calls, finish="function_call")
    results = ask.results
    if ask.pattern:
        return Thought(Writer(prompt, _words(prompt)).write(compile_pattern(ask.pattern)))
    if ask.schema:
        facts = Found("\n".join([prompt, *(result.content for result in results)]))
        return Thought(write_json(ask.schema, facts, every=ask.strict))
    if results:
        return Thought(tell_result(results, russian=is_russian(prompt)))
    recalled = remember(ask)
    return Thought(recalled) if recalled else use_tool(ask) or Thought(speak(prompt, ask.files))


def _words(prompt: str) -> list[str]:
    return [*Found(prompt).quoted, *(word.strip(".,;:!?\"'`«»()") for word in prompt.split())]


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


def _calls(ask: Ask) -> tuple[FunctionCall, ...]:
    """A forced call always; those that are asked for by name or plausibly needed only while no result is last."""
    functions = {function["name"]: function for function in ask.functions}
    done = [result.name for result in ask.results]
    if ask.forced:
        names = [ask.forced] if ask.forced in functions else []
    elif not ask.may_call or "no_call" in ask.directives:
        names = []
    elif "call" in ask.directives:
        wanted = [name.strip() for name in ask.directives.text("call").split(",")]
        names = [] if done else [name for name in wanted if name in functions]
    else:
        names = choose_functions(list(functions.values()), ask.prompt, done)
    if not ask.parallel:
        names = names[:1]
    if "arguments" in ask.directives:
        return tuple(FunctionCall(name, ask.directives.mapping("arguments")) for name in names)
    prompts = apart(ask.prompt) if ask.parallel and len(names) == 1 else [ask.prompt]
    calls = [
        FunctionCall(name, fill_object(functions[name].get("parameters") or {}, Found(prompt)) | ask.partial)
        for prompt in prompts
        for name in names
    ]
    return tuple(call for at, call in enumerate(calls) if call not in calls[:at])
