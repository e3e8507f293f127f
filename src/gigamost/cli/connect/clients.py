"""The clients that `connect` knows. A new client is one more row in one of these tables.

How a client is pointed at the gateway, and what its first request looks like, was observed by running each of them
against a recording server (versions of November 2026), or, where its shape says so, taken from its documentation.
"""

from typing import Final

from gigamost.cli.connect.agents import AGENTS
from gigamost.cli.connect.apps import APPS
from gigamost.cli.connect.client import Client
from gigamost.cli.connect.editors import EDITORS
from gigamost.cli.connect.libraries import LIBRARIES
from gigamost.cli.connect.vendor_agents import VENDOR_AGENTS

CLIENTS: Final[tuple[Client, ...]] = (*VENDOR_AGENTS, *AGENTS, *EDITORS, *APPS, *LIBRARIES)
