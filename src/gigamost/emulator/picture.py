"""Pictures without a library: a real JPEG drawn from a text, and the size of a picture from its header.

The JPEG is baseline, three components, one 8x8 block per colour: every block is its DC coefficient and an end of
block, so the Huffman tables are two short ones (ITU-T T.81, annexes B, C and F).
"""

import hashlib
import struct

BLOCKS = 8
SIZE = BLOCKS * 8


def draw(prompt: str) -> bytes:
    """A 64x64 JPEG of coloured squares; the same text gives the same picture."""
    noise = hashlib.shake_256(prompt.encode()).digest(BLOCKS * BLOCKS * 3)
    bits: list[str] = []
    before = [0, 0, 0]
    for index in range(BLOCKS * BLOCKS):
        for component in range(3):
            level = noise[index * 3 + component] - 128
            bits.append(_dc(level - before[component]) + "0")  # "0" is the end of the block
            before[component] = level
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    data = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")
    return _HEAD + data + b"\xff\xd9"


def _dc(difference: int) -> str:
    """A DC difference: its size category as a 4-bit code, then its bits (F.1.2.1)."""
    category = abs(difference).bit_length()
    bits = difference if difference >= 0 else difference + (1 << category) - 1
    return f"{category:04b}" + (f"{bits:0{category}b}" if category else "")


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


# Quantiser 8 for DC makes a coefficient equal to the level of its block; twelve categories have codes of 4 bits.
_HEAD = b"".join(
    (
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
        _segment(0xDB, b"\x00" + b"\x08" * 64),
        _segment(0xC0, struct.pack(">BHHB", 8, SIZE, SIZE, 3) + b"\x01\x11\x00\x02\x11\x00\x03\x11\x00"),
        _segment(0xC4, b"\x00" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))),
        _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\x00"),
        _segment(0xDA, b"\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"),
    )
)


def measure(data: bytes) -> tuple[str, int, int] | None:
    """(format, width, height) of a PNG, JPEG or BMP; None for anything else or a broken header."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return ("PNG", *struct.unpack(">II", data[16:24]))
    if data.startswith(b"BM") and len(data) >= 26:
        width, height = struct.unpack("<ii", data[18:26])
        return ("BMP", width, abs(height))
    return _measure_jpeg(data) if data.startswith(b"\xff\xd8") else None


def _measure_jpeg(data: bytes) -> tuple[str, int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return ("JPEG", width, height)
        at += 2 + length
    return None
