"""Text that can be sent: every string that leaves towards an upstream or a client goes through here."""

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The same text with lone surrogates replaced by U+FFFD, so that it has a UTF-8 form (quirk 33)."""
    if text.isascii():
        return text
    try:
        text.encode()  # a third of what the search costs
    except UnicodeEncodeError:
        return _SURROGATE.sub("�", text)
    return text
