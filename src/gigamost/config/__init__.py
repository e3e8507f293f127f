"""Configuration: frozen values from the command line, the environment, `.env`, a YAML file and defaults, in that order.

    flags > environment > .env > YAML --tree--> merged tree --build--> Settings

The only package that reads the environment. Every problem is reported, in one line each, before anything starts.
"""

from gigamost.config.load import isolated, load
from gigamost.config.origin import ConfigError, Origin
from gigamost.config.settings import (
    ClientKey,
    Credential,
    GigaChat,
    Log,
    Models,
    Proxy,
    Server,
    Settings,
    Upstream,
    UpstreamModel,
)

__all__ = [
    "ClientKey",
    "ConfigError",
    "Credential",
    "GigaChat",
    "Log",
    "Models",
    "Origin",
    "Proxy",
    "Server",
    "Settings",
    "Upstream",
    "UpstreamModel",
    "isolated",
    "load",
]
