"""The receiver's side as `docs/webhooks.md` shows it: its code is run, not copied."""

import re
from pathlib import Path
from typing import Any

PAGES = tuple(Path(__file__).parents[2] / "docs" / name for name in ("webhooks.md", "webhooks.ru.md"))


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _documented() -> Any:
    names: dict[str, Any] = {}
    exec(next(block for block in blocks(PAGES[0], "python") if "def verify" in block), names)
    return names["verify"]


verify = _documented()
