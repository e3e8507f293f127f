"""`keys` and `tenants` on the command line: names, options and help. See `keys` for what they do."""

from typing import Annotated

import typer

from gigamost.cli.options import ConfigFile, Format, Output

keys = typer.Typer(help="The keys of clients.", no_args_is_help=True)
tenants = typer.Typer(help="Who owns keys, and what they may do together.", no_args_is_help=True)

Models = Annotated[
    list[str] | None, typer.Option("--model", help="A model that may be used (* is any text); again for more.")
]
Faces = Annotated[
    list[str] | None, typer.Option("--face", help="An API that may be used: openai, anthropic, ...; again for more.")
]
PerMinute = Annotated[int | None, typer.Option("--rpm", min=1, help="Requests per minute.")]
PerDay = Annotated[int | None, typer.Option("--rpd", min=1, help="Requests per day.")]
TokensPerMinute = Annotated[int | None, typer.Option("--tpm", min=1, help="Tokens per minute.")]
TokensPerDay = Annotated[int | None, typer.Option("--tpd", min=1, help="Tokens per day.")]
AtOnce = Annotated[int | None, typer.Option("--concurrency", min=1, help="Requests at the same time.")]
Amount = Annotated[str | None, typer.Option("--budget", metavar="ROUBLES", help="What may be spent.")]
Period = Annotated[str | None, typer.Option("--period", help="In which time: day, month (the default) or total.")]
Soft = Annotated[str | None, typer.Option("--soft", metavar="ROUBLES", help="From when on somebody is warned.")]
Keeping = Annotated[
    bool | None,
    typer.Option("--keep-prompts/--forget-prompts", help="Whether what is said is written into the history."),
]
KeyName = Annotated[str, typer.Argument(metavar="KEY", help="Its id, its name, or what is shown of it.")]
TenantName = Annotated[str, typer.Argument(metavar="TENANT", help="Its id or its name.")]


# The parameters of a command are its options: they cannot be fewer.
@keys.command("create")
def create_key(  # noqa: PLR0913, PLR0917
    name: Annotated[str, typer.Option(help="What the key is called.")],
    tenant: Annotated[str | None, typer.Option(help="Whose it is: an id or a name.")] = None,
    model: Models = None,
    face: Faces = None,
    rpm: PerMinute = None,
    rpd: PerDay = None,
    tpm: TokensPerMinute = None,
    tpd: TokensPerDay = None,
    concurrency: AtOnce = None,
    budget: Amount = None,
    period: Period = None,
    soft: Soft = None,
    keep_prompts: Keeping = None,
    expires: Annotated[str | None, typer.Option(help="When it ends: 30d, 12h, or a date.")] = None,
    pass_token: Annotated[
        bool, typer.Option("--pass-token", help="Its requests bring their own GigaChat credential.")
    ] = False,
    config: ConfigFile = None,
    output: Format = Output.TABLE,
) -> None:
    """Make a key, and show it this once."""
    from gigamost.cli.keys import Terms
    from gigamost.cli.keys import create_key as run

    terms = Terms(
        name=name,
        models=model or (),
        faces=face or (),
        rpm=rpm,
        rpd=rpd,
        tpm=tpm,
        tpd=tpd,
        concurrency=concurrency,
        budget=budget,
        period=period,
        soft=soft,
        keep_prompts=keep_prompts,
    )
    run(terms, tenant, expires, pass_token=pass_token, config=config, output=output)


@keys.command("list")
def list_keys(config: ConfigFile = None, output: Format = Output.TABLE) -> None:
    """List the keys, the newest first."""
    from gigamost.cli.keys import list_keys as run

    run(config, output)


@keys.command("revoke")
def revoke_key(key: KeyName, config: ConfigFile = None, output: Format = Output.TABLE) -> None:
    """End a key, for ever."""
    from gigamost.cli.keys import revoke_key as run

    run(key, config, output)


@keys.command("rotate")
def rotate_key(
    key: KeyName,
    grace: Annotated[str, typer.Option(help="How long the old one stays good: 90s, 15m, 12h, 7d.")] = "0s",
    config: ConfigFile = None,
    output: Format = Output.TABLE,
) -> None:
    """Give a key a new text, and show it this once."""
    from gigamost.cli.keys import rotate_key as run

    run(key, grace, config, output)


@tenants.command("create")
def create_tenant(  # noqa: PLR0913, PLR0917
    name: Annotated[str, typer.Option(help="What the tenant is called.")],
    model: Models = None,
    face: Faces = None,
    rpm: PerMinute = None,
    rpd: PerDay = None,
    tpm: TokensPerMinute = None,
    tpd: TokensPerDay = None,
    concurrency: AtOnce = None,
    budget: Amount = None,
    period: Period = None,
    soft: Soft = None,
    keep_prompts: Keeping = None,
    config: ConfigFile = None,
    output: Format = Output.TABLE,
) -> None:
    """Make a tenant."""
    from gigamost.cli.keys import Terms
    from gigamost.cli.keys import create_tenant as run

    terms = Terms(
        name=name,
        models=model or (),
        faces=face or (),
        rpm=rpm,
        rpd=rpd,
        tpm=tpm,
        tpd=tpd,
        concurrency=concurrency,
        budget=budget,
        period=period,
        soft=soft,
        keep_prompts=keep_prompts,
    )
    run(terms, config, output)


@tenants.command("list")
def list_tenants(config: ConfigFile = None, output: Format = Output.TABLE) -> None:
    """List the tenants, the newest first."""
    from gigamost.cli.keys import list_tenants as run

    run(config, output)


@tenants.command("update")
def update_tenant(  # noqa: PLR0913, PLR0917
    tenant: TenantName,
    name: Annotated[str | None, typer.Option(help="What it is called from now on.")] = None,
    model: Models = None,
    face: Faces = None,
    rpm: PerMinute = None,
    rpd: PerDay = None,
    tpm: TokensPerMinute = None,
    tpd: TokensPerDay = None,
    concurrency: AtOnce = None,
    budget: Amount = None,
    period: Period = None,
    soft: Soft = None,
    keep_prompts: Keeping = None,
    disable: Annotated[bool | None, typer.Option("--disable/--enable", help="Whether its keys are refused.")] = None,
    config: ConfigFile = None,
    output: Format = Output.TABLE,
) -> None:
    """Change what is named, and leave the rest."""
    from gigamost.cli.keys import Terms
    from gigamost.cli.keys import update_tenant as run

    terms = Terms(
        name=name,
        models=model or (),
        faces=face or (),
        rpm=rpm,
        rpd=rpd,
        tpm=tpm,
        tpd=tpd,
        concurrency=concurrency,
        budget=budget,
        period=period,
        soft=soft,
        keep_prompts=keep_prompts,
    )
    run(tenant, terms, disabled=disable, config=config, output=output)
