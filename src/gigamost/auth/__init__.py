"""Who is asking: keys, principals, and when no key is needed. Pure rules; no I/O."""
