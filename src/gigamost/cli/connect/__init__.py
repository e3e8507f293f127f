"""`connect CLIENT`: the configuration of a client, printed, written or tried."""

from pathlib import Path

from gigamost.auth.root import dev_key, roots_of
from gigamost.cli.connect import trial
from gigamost.cli.connect.client import Client, Place
from gigamost.cli.connect.clients import CLIENTS
from gigamost.cli.connect.instructions import instructions, still_to_do
from gigamost.cli.connect.merge import write
from gigamost.cli.terminal import CommandError, say, table
from gigamost.config import Settings, load
from gigamost.config.origin import nearest
from gigamost.routing.names import FLAGSHIP


def connect(name: str, *, url: str, key: str, model: str, file: Path | None, writing: bool, checking: bool) -> None:
    """`url`, `key` and `model` are what the options say, "" where the configuration decides."""
    client = find(name)
    if url and not url.startswith(("http://", "https://")):
        raise CommandError(f"--url {url} is no address: it begins with http:// or https://, and ends before /v1.")
    settings = load()
    place = Place(
        url.removesuffix("/v1") or address(settings),
        key or client_key(settings),
        model or settings.models.default or FLAGSHIP,
    )
    if checking:
        trial.check(client, place)
    elif not writing:
        say(instructions(client, place))
    elif client.files:
        write(client, place, file)
        say(still_to_do(client, place))
    else:
        raise CommandError(f"{client.title} has no file to write. Do this:", *instructions(client, place).splitlines())


def listing() -> None:
    """The clients there are."""
    rows = [(client.name, client.title, "yes" if client.files else "") for client in CLIENTS]
    table(("client", "what it is", "--write"), rows)


def find(name: str) -> Client:
    """Raises CommandError that names the clients there are."""
    for client in CLIENTS:
        if client.name == name.casefold():
            return client
    names = [client.name for client in CLIENTS]
    raise CommandError(f"There is no client {name!r} here{nearest(name, names)}. Known: {', '.join(names)}.")


def address(settings: Settings) -> str:
    """Where clients on this machine find the gateway."""
    host = settings.server.host
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{settings.server.port}"


def client_key(settings: Settings) -> str:
    """The first configured key; without any, the one that dev mode prints."""
    for key in settings.keys:
        return key.key.reveal()
    if settings.mode == "prod":
        raise CommandError("There is no client key: give one with --key, or add one to `keys` in gigamost.yaml.")
    roots = roots_of(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    return dev_key(roots.current).reveal()
