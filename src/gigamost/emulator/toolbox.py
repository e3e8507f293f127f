"""The built-in tools, by v2's names: what a prompt must say to need one, and what each does with it.

Nothing here leaves the machine: a search makes its pages up and says so, a page is told by its address. Sums, clocks,
pictures and models are real.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gigamost.emulator.arithmetic import find_sum, show
from gigamost.emulator.ask import Ask, Made, Source, Thought, Work
from gigamost.emulator.facts import Found, is_russian, words
from gigamost.emulator.picture import draw
from gigamost.emulator.solid import turn

_DRAW = re.compile(
    r"(?i)\b(?:draw|paint|нарисуй(?:те)?|изобрази(?:те)?)\b"
    r"|\b(?:generate|create|make|создай|сгенерируй|сделай)\b.{0,40}\b(?:image|picture|изображение|картинк)"
)
_SOLID = re.compile(r"(?i)\b3[dд][\s-]*(?:model|модел)")
_SEARCH = re.compile(
    r"(?i)\b(?:search|google|look up|find out|latest|news|who (?:is|was|won))\b"
    r"|\b(?:найди|поищи|загугли|новост|последн|кто так)"
)
_CLOCK = re.compile(r"(?i)\b(?:what (?:time|date|day) is|today's date|current (?:time|date)|который час|какое сегодня)")
_GREETING = re.compile(r"(?i)\W*(?:hi|hello|hey|привет|здравствуй(?:те)?|добрый день)\W*(?:there)?\W*")
PAGES = 2


class Tool(msgspec.Struct, frozen=True):
    """`use` answers None when there is nothing for the tool to do, forced or not."""

    needed: Callable[[str], bool]
    use: Callable[[Ask], Thought | None]


def _search(ask: Ask) -> Thought | None:
    """A forced search for a greeting is still answered in plain words. [live3p]"""
    if _GREETING.fullmatch(ask.prompt):
        return None
    russian = is_russian(ask.prompt)
    subject = " ".join(words(ask.prompt)[:8]) or ask.prompt.strip()[:60] or "?"
    sources = tuple(
        Source(f"https://pages.example/{at}/{quote(subject.replace(' ', '-'))}", f"{subject.capitalize()} ({at})")
        for at in range(1, PAGES + 1)
    )
    line = (
        "Эмулятор нашёл страницу «{}» [sources=[{}]]."
        if russian
        else "The emulator found the page “{}” [sources=[{}]]."
    )
    text = "\n".join(line.format(source.title, at) for at, source in enumerate(sources, 1))
    return Thought(text, sources=sources)


def _read_page(ask: Ask) -> Thought | None:
    urls = Found(ask.prompt).urls
    if not urls:
        return None
    russian = is_russian(" ".join(word for word in ask.prompt.split() if "://" not in word))
    told: list[str] = []
    for url in urls:
        host, about = _address(url)
        if not host:
            return Thought(
                f"Адрес {url} не читается." if russian else f"The address {url} cannot be read.",
                works=(Work("url_content_extraction", is_failed=True),),
            )
        told.append(
            f"Страница {url}: сайт {host}, о чём: {about}."
            if russian
            else f"The page {url}: site {host}, about {about}."
        )
    return Thought("\n".join(told))


def _address(url: str) -> tuple[str, str]:
    """Host and subject of a page, as its address tells them; "" for a host that cannot be one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    return host, " ".join(words(unquote(parts.path))) or host


def _run_code(ask: Ask) -> Thought | None:
    found = find_sum(ask.prompt)
    if found is None:
        return None
    code, value = found
    if is_russian(ask.prompt):
        return Thought(f"Код `print({code})` вывел {show(value)}.")
    return Thought(f"The code `print({code})` printed {show(value)}.")


def _tell_time(ask: Ask) -> Thought | None:
    moment = datetime.fromtimestamp(ask.now, _zone(ask.timezone))
    told = f"{moment:%Y-%m-%d %H:%M} ({moment.tzinfo})"
    return Thought(f"Сейчас {told}." if is_russian(ask.prompt) else f"It is {told}.")


def _zone(name: str) -> tzinfo:
    """The client's time zone; UTC for none and for one that nobody knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _paint(ask: Ask) -> Thought | None:
    picture = Made("image", "jpg", "image/jpeg", draw(ask.prompt))
    text = "Вот рисунок." if is_russian(ask.prompt) else "Here is the picture."
    return Thought(text, works=(Work("image_generate", (picture,)),))


def _model(ask: Ask) -> Thought | None:
    solid = Made("model3d", "obj", "model/obj", turn(ask.prompt))
    text = "Вот модель." if is_russian(ask.prompt) else "Here is the model."
    return Thought(text, works=(Work("model_3d_generate", (solid,)),))


# In the order in which they are tried.
TOOLS: dict[str, Tool] = {
    "model_3d_generate": Tool(lambda prompt: _SOLID.search(prompt) is not None, _model),
    "image_generate": Tool(lambda prompt: _DRAW.search(prompt) is not None, _paint),
    "url_content_extraction": Tool(lambda prompt: "://" in prompt, _read_page),
    "get_datetime": Tool(lambda prompt: _CLOCK.search(prompt) is not None, _tell_time),
    "code_interpreter": Tool(lambda prompt: find_sum(prompt) is not None, _run_code),
    "web_search": Tool(lambda prompt: _SEARCH.search(prompt) is not None, _search),
}


def use_tool(ask: Ask) -> Thought | None:
    """The answer of the forced tool, of the one that a directive names, or of the first that the prompt needs."""
    wanted = ask.forced or ask.directives.text("tool")
    for name, tool in TOOLS.items():
        if name in ask.builtins and (name == wanted or (not wanted and tool.needed(ask.prompt))):
            return _used(name, tool.use(ask), fails="tool_fails" in ask.directives, russian=is_russian(ask.prompt))
    return None


def _used(name: str, thought: Thought | None, *, fails: bool, russian: bool) -> Thought | None:
    if fails:
        return Thought("Не получилось." if russian else "That did not work.", works=(Work(name, is_failed=True),))
    if thought is None or thought.works:
        return thought
    return msgspec.structs.replace(thought, works=(Work(name),))
