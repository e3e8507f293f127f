"""`stop`: GigaChat has no such setting, so the gateway cuts the text itself, wherever the chunks are cut."""

from collections.abc import Sequence


class StopCutter:
    """Feed text, get the text that may be shown. Text that may be the beginning of a stop sequence waits."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = tuple(sequences)
        self._longest = max(map(len, sequences))
        self._held = ""
        self.hit: str | None = None

    def feed(self, text: str) -> str:
        """After a hit nothing more is shown; the stop sequence itself never is. The earliest one counts."""
        if self.hit is not None:
            return ""
        text = self._held + text
        found = [(at, sequence) for sequence in self._sequences if (at := text.find(sequence)) >= 0]
        if found:
            at, self.hit = min(found, key=lambda pair: (pair[0], -len(pair[1])))
            self._held = ""
            return text[:at]
        keep = self._keep(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def close(self) -> str:
        """What was held back: the text ended without the rest of a stop sequence."""
        held, self._held = self._held, ""
        return held

    def _keep(self, text: str) -> int:
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[-length:]
            if any(sequence.startswith(tail) for sequence in self._sequences):
                return length
        return 0
