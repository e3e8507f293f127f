"""The command line: names, options and help. What a command does is in its own module, imported when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from gigamost.cli import admin_commands, keeping_commands, key_commands
from gigamost.cli.options import ConfigFile, Format, Grouping, Output

app = typer.Typer(
    name="gigamost",
    help="Any LLM client talks to GigaChat through the API it already speaks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
certs = typer.Typer(help="The root certificate that GigaChat's hosts need.", no_args_is_help=True)
token = typer.Typer(help="The access tokens of the configured credentials.", no_args_is_help=True)
config = typer.Typer(help="The configuration and where it came from.", no_args_is_help=True)
db = typer.Typer(help="The database behind the gateway.", no_args_is_help=True)
app.add_typer(certs, name="certs")
app.add_typer(token, name="token")
app.add_typer(config, name="config")
app.add_typer(db, name="db")
app.add_typer(key_commands.keys, name="keys")
app.add_typer(key_commands.tenants, name="tenants")
app.add_typer(admin_commands.admins, name="admins")
app.add_typer(keeping_commands.secret, name="secret")
app.command()(keeping_commands.backup)
app.command()(keeping_commands.restore)


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="The gateway's port; by default 8090, or a free one.")] = None,
    emulator_port: Annotated[int, typer.Option(help="The emulator's port; by default a free one.")] = 0,
    once: Annotated[bool, typer.Option("--once", help="End after the first chat.")] = False,
) -> None:
    """Show the gateway at work with nothing configured: an emulated GigaChat, one chat, ready lines for clients."""
    from gigamost.cli.demo import demonstrate

    demonstrate(port, emulator_port, once=once)


@app.command()
def serve(
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; more than one needs Redis.")] = None,
) -> None:
    """Run the gateway."""
    from gigamost.cli.serve import serve

    serve(config, host, port, workers)


@app.command()
def setup(
    key: Annotated[str, typer.Option(help="The authorization key; - reads it from standard input.")] = "",
    client_id: Annotated[str, typer.Option(help="Instead of the key: the client id ...")] = "",
    client_secret: Annotated[str, typer.Option(help="... and its secret.")] = "",
    scope: Annotated[str, typer.Option(help="GIGACHAT_API_PERS, _B2B or _CORP.")] = "",
    model: Annotated[str, typer.Option(help="The default model.")] = "",
    file: Annotated[Path, typer.Option(help="The file to write.")] = Path(".env"),
    test: Annotated[bool, typer.Option(help="Try the key before it is written.")] = True,
) -> None:
    """Ask for a GigaChat key, try it, and write it into .env."""
    from gigamost.cli.setup import Wishes
    from gigamost.cli.setup import setup as run

    run(Wishes(key, client_id, client_secret, scope, model, file, test))


@app.command()
def emulator(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port for plain HTTP; 0 is a free one.")] = 8091,
    tls: Annotated[
        bool, typer.Option("--tls", help="Listen with TLS too, with a certificate authority made now.")
    ] = False,
    tls_port: Annotated[int, typer.Option(help="The port for TLS; 0 is a free one.")] = 0,
    folder: Annotated[Path, typer.Option(help="Where --tls puts its certificates.")] = Path("gigachat-emulator"),
) -> None:
    """Run the GigaChat emulator alone."""
    from gigamost.cli.emulator import emulate

    emulate(host, port, tls=tls, tls_port=tls_port, folder=folder)


@app.command()
def chat(
    text: Annotated[str, typer.Argument(help="What to ask; - reads standard input.")],
    model: Annotated[str, typer.Option(help="The model to ask.")] = "",
    config: ConfigFile = None,
) -> None:
    """Ask one question through the configured upstream."""
    from gigamost.cli.chat import chat

    chat(text, model, config)


@app.command()
def doctor(config: ConfigFile = None) -> None:
    """Check everything between a client and GigaChat, and say what to do about what is wrong."""
    from gigamost.cli.doctor import examine

    examine(config)


@app.command()
def connect(
    client: Annotated[str | None, typer.Argument(help="The client; without it, the list of those there are.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the client's configuration file; a backup is kept.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Send a request like the client's through the gateway.")
    ] = False,
    url: Annotated[str, typer.Option(help="The gateway's address; by default the configured one.")] = "",
    key: Annotated[str, typer.Option(help="The client key; by default the first configured one.")] = "",
    model: Annotated[str, typer.Option(help="The model; by default the configured one.")] = "",
    file: Annotated[Path | None, typer.Option(help="Another file for --write.")] = None,
) -> None:
    """Print, write or try the configuration of a client."""
    from gigamost.cli.connect import connect, listing

    if client is None:
        if write or check:
            raise typer.BadParameter("which client? `gigamost connect` lists them")
        listing()
        return
    if write and check:
        raise typer.BadParameter("--write and --check are two steps: write first, then check")
    connect(client, url=url.rstrip("/"), key=key, model=model, file=file, writing=write, checking=check)


@app.command()
def examples(name: Annotated[str | None, typer.Argument(help="The example to print.")] = None) -> None:
    """List the ready examples, or print one."""
    from gigamost.cli.examples import show

    show(name)


@app.command()
def version() -> None:
    """Print the version."""
    from gigamost import __version__

    typer.echo(f"gigamost {__version__}")


# The parameters of a command are its options: they cannot be fewer.
@app.command()
def usage(  # noqa: PLR0913, PLR0917
    by: Annotated[Grouping, typer.Option("--by", help="What is summed up.")] = Grouping.DAY,
    requests: Annotated[bool, typer.Option("--requests", help="The requests themselves, the newest first.")] = False,
    since: Annotated[str | None, typer.Option("--from", help="The first moment, in UTC: 2027-01-31.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The moment up to which.")] = None,
    key: Annotated[str, typer.Option(help="Of this key alone: its id.")] = "",
    tenant: Annotated[str, typer.Option(help="Of this tenant alone: its id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Requests of one page.")] = 50,
    cursor: Annotated[str, typer.Option(help="Where the page before ended.")] = "",
    config: ConfigFile = None,
    output: Format = Output.TABLE,
) -> None:
    """Show what was spent, by key, tenant, model or day."""
    from gigamost.cli.usage import Narrowed, show_requests, show_spending

    narrowed = Narrowed(since, until, key, tenant)
    if requests:
        show_requests(narrowed, limit, cursor, config, output)
    else:
        show_spending(by.value, narrowed, config, output)


@db.command("upgrade")
def db_upgrade(config: ConfigFile = None) -> None:
    """Give the database the schema of this version."""
    from gigamost.cli.database import upgrade

    upgrade(config)


@certs.command("install")
def certs_install() -> None:
    """Fetch the Russian Trusted Root CA and keep it, if it is the pinned one."""
    from gigamost.cli.certs import install

    install()


@certs.command("check")
def certs_check() -> None:
    """Say whether the Russian Trusted Root CA is trusted, and until when."""
    from gigamost.cli.certs import check

    check()


@token.command("info")
def token_info(output: Format = Output.TABLE) -> None:
    """Say what state each credential's access token is in."""
    from gigamost.cli.token import show

    show(output)


@token.command("refresh")
def token_refresh(output: Format = Output.TABLE) -> None:
    """Ask for new access tokens, to see that the credentials still give them."""
    from gigamost.cli.token import show

    show(output)


@config.command("check")
def config_check(file: ConfigFile = None) -> None:
    """Say what is wrong with the configuration, all of it."""
    from gigamost.cli.settings import check

    check(file)


@config.command("show")
def config_show(file: ConfigFile = None, output: Format = Output.TABLE) -> None:
    """Print every setting and where it was set; secrets are stars."""
    from gigamost.cli.settings import show

    show(file, output)
