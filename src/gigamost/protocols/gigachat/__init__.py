"""GigaChat's own wires: `v1` (one call per message, string content) and `v2` (typed parts, many calls, built-in tools).

What both say alike stands beside them, and in `functions`; `choice` picks the one that a request is spoken in.
"""
