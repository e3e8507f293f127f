"""I/O towards upstreams: the transport, credentials and their tokens, TLS trust, guarded fetching of client URLs."""
