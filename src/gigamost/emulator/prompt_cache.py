"""Prompt caching by `X-Session-ID` (section 4.10): what a session's last prompt shares with this one is cached."""

from collections import OrderedDict

from gigamost.emulator.tokens import count


class PromptCache:
    """Remembers the last prompt of each of the newest `size` sessions."""

    def __init__(self, size: int = 1000) -> None:
        self._size = size
        self._prompts: OrderedDict[tuple[str, str, str], tuple[str, ...]] = OrderedDict()

    def take(self, client_id: str, session: str, model: str, prompt: tuple[str, ...]) -> int:
        """Tokens of the longest common run of leading segments; remembers the new prompt."""
        key = (client_id, session, model)
        cached = 0
        for old, new in zip(self._prompts.get(key, ()), prompt, strict=False):
            if old != new:
                break
            cached += count(new)
        self._prompts[key] = prompt
        self._prompts.move_to_end(key)
        if len(self._prompts) > self._size:
            self._prompts.popitem(last=False)
        return cached
