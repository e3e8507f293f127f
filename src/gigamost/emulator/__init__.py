"""A GigaChat that needs no account: the real API's answers, refusals and failures on a local socket.

app = build(EmulatorSettings())
async with Running(app) as running: ...     # running.base_url, running.auth_url; app.log, app.script
"""

from gigamost.emulator.app import Emulator, build
from gigamost.emulator.log import Seen
from gigamost.emulator.personalities import DIRECTIVES
from gigamost.emulator.running import Running
from gigamost.emulator.settings import COMPANY, DEMO, PERSON, TRADER, Account, EmulatorSettings

__all__ = [
    "COMPANY",
    "DEMO",
    "DIRECTIVES",
    "PERSON",
    "TRADER",
    "Account",
    "Emulator",
    "EmulatorSettings",
    "Running",
    "Seen",
    "build",
]
