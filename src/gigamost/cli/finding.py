"""What a check found."""

import msgspec

from gigamost.cli.terminal import Mark


class Finding(msgspec.Struct, frozen=True):
    """One line. `advice` is what to do, "" when nothing is to be done."""

    mark: Mark
    text: str
    advice: str = ""
