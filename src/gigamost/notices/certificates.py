"""Certificate files of the settings that end soon, have ended, or cannot be read."""

from collections.abc import Iterable, Iterator

import msgspec

from gigamost.core.notices import Finding
from gigamost.notices.expiry import DAY, stage


class Checked(msgspec.Struct, frozen=True):
    """A file as it was found. `use` is what it is for, `ends` unix seconds of its certificate's end (of the last one in
    a bundle), None for a file that cannot be read, which `problem` explains."""

    use: str
    file: str
    ends: float | None
    problem: str = ""


def troubled(checked: Iterable[Checked], now: float) -> Iterator[Finding]:
    for each in checked:
        if each.ends is None:
            yield Finding(
                kind="certificate.trouble",
                key=f"certificate.trouble:{each.use}:unreadable",
                tenant="",
                data={"use": each.use, "file": each.file, "reason": "unreadable", "error": each.problem},
                lasts=True,
            )
            continue
        ends = int(each.ends)
        days = 0 if ends <= now else stage(ends - now)
        if days is not None:
            reason = "expiring" if days else "expired"
            yield Finding(
                kind="certificate.trouble",
                key=f"certificate.trouble:{each.use}:{ends}:{days}",
                tenant="",
                data={"use": each.use, "file": each.file, "reason": reason, "expires": ends, "days": days},
                keep=max(ends, now) + 30 * DAY,
            )
