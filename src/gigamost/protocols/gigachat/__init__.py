"""GigaChat's own wires: `v1` (one call per message, string content); `functions` holds what its versions share."""
