"""A 3D model without a library: a vase as Wavefront OBJ, its profile made of a text."""

import hashlib
import math

RINGS = 8
SIDES = 16


def turn(prompt: str) -> bytes:
    """A surface of revolution; the same text gives the same vase."""
    noise = hashlib.sha256(prompt.encode("utf-8", "replace")).digest()
    lines = ["# vase", "o vase"]
    for ring in range(RINGS):
        radius = 0.3 + noise[ring] / 255 * 0.7
        for side in range(SIDES):
            angle = 2 * math.pi * side / SIDES
            lines.append(f"v {radius * math.cos(angle):.4f} {ring / 2:.4f} {radius * math.sin(angle):.4f}")
    for ring in range(RINGS - 1):
        for side in range(SIDES):
            here, beside = ring * SIDES + side + 1, ring * SIDES + (side + 1) % SIDES + 1
            lines.append(f"f {here} {beside} {beside + SIDES} {here + SIDES}")
    lines.append("f " + " ".join(str(side + 1) for side in range(SIDES)))
    return "\n".join([*lines, ""]).encode()
