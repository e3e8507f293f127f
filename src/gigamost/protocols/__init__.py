"""The wires that clients and upstreams speak: pure translation, one folder each."""
