"""Vectors that know similar texts from different ones: hashed words and trigrams, spread over a few places each.

Not normalized, within about +-2.5 and rounded to half precision, as the recorded ones are (section 6.1).
"""

import re
import struct
import zlib
from collections import Counter

from gigamost.emulator.tokens import count

PLACES = 12
LENGTH = 0.7  # root mean square of a vector's components
TEMPLATE = 5  # tokens that every text costs on top: "First text" is recorded as 7
_WORD = re.compile(r"\w+")


def count_embedded(text: str) -> int:
    return count(text) + TEMPLATE


def embed(text: str, dimensions: int) -> list[float]:
    """Texts that share words, or parts of words, point the same way."""
    vector = [0.0] * dimensions
    for feature, times in _features(text).items():
        for place in range(PLACES):
            seed = zlib.crc32(f"{place}:{feature}".encode())
            vector[seed % dimensions] += times if seed & 0x8000_0000 else -times
    scale = LENGTH / ((sum(value * value for value in vector) / dimensions) ** 0.5 or 1.0)
    return [_half(max(-2.5, min(2.5, value * scale))) for value in vector]


def _features(text: str) -> Counter[str]:
    features: Counter[str] = Counter()
    for word in _WORD.findall(text.casefold()):
        features[word] += 2
        padded = f"<{word}>"
        features.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return features or Counter({text: 1})


def _half(value: float) -> float:
    (rounded,) = struct.unpack("<e", struct.pack("<e", value))
    return float(rounded)
