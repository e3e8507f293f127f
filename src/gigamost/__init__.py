"""Gigamost: a gateway that lets any LLM client talk to GigaChat through the API the client already speaks."""

__version__ = "0.1.0"
