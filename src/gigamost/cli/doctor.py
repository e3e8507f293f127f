"""`doctor`: everything between a client and GigaChat looked at in turn, one line each, with what to do about it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from gigamost.app.accounts import Accounts
from gigamost.app.counting import Counting
from gigamost.auth.root import roots_of
from gigamost.cli import gigachat_checks, redis_ping
from gigamost.cli.finding import Finding
from gigamost.cli.terminal import CommandError, mark, working
from gigamost.cli.upstream import WHERE_TO_GET_A_KEY
from gigamost.config import ConfigError, Settings, load
from gigamost.core.errors import GatewayError
from gigamost.upstreams.russian_root import check_russian_root


def examine(config: Path | None) -> None:
    """Raises CommandError when something keeps the gateway from working."""
    try:
        settings = load(config=config)
    except ConfigError as error:
        for problem in error.problems:
            mark("fail", problem)
        raise CommandError("The configuration cannot be used; the rest was not looked at.") from error
    failures = asyncio.run(_examine(settings))
    if failures:
        raise CommandError(f"{failures} of the checks failed.")


async def _examine(settings: Settings) -> int:
    failures = 0
    findings = _findings(settings)
    while True:
        with working("Checking"):
            finding = await anext(findings, None)
        if finding is None:
            return failures
        mark(finding.mark, finding.text, finding.advice)
        failures += finding.mark == "fail"


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("ok", f"configuration: {len(settings.origins)} settings, mode {settings.mode}")
    for warning in settings.warnings:
        yield Finding("warn", f"configuration: {warning}")
    yield _state_folder(settings)
    if settings.redis_url is not None:
        yield await redis_ping.check(settings.redis_url)
    yield _trust(settings)
    if not settings.gigachat.pool:
        yield Finding("fail", WHERE_TO_GET_A_KEY[0], " ".join(WHERE_TO_GET_A_KEY[1:3]))
    for credential in settings.gigachat.pool:
        async for finding in gigachat_checks.check(settings, credential):
            yield finding
    async for finding in _others(settings):
        yield finding


async def _others(settings: Settings) -> AsyncIterator[Finding]:
    """The upstreams beside GigaChat."""
    without_pool = msgspec.structs.replace(settings.gigachat, pool=())
    others = msgspec.structs.replace(settings, gigachat=without_pool)
    try:
        accounts = Accounts(others, Counting(others))
    except (ValueError, OSError) as error:
        yield Finding("fail", f"upstreams: {error}")
        return
    try:
        for row in settings.upstreams:
            trial = await accounts.test(row.name)
            models = f", {trial.models} models" if trial.models is not None else ""
            if trial.ok:
                yield Finding("ok", f"{row.name}: {row.base_url} answers{models}")
            else:
                advice = f"Check base_url and api_key of {row.name} in the configuration"
                yield Finding("fail", f"{row.name}: {row.base_url}: {trial.problem}", advice)
    finally:
        await accounts.close()


def _state_folder(settings: Settings) -> Finding:
    try:
        roots_of(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    except GatewayError as error:
        return Finding("fail", f"state folder: {settings.state_dir} cannot be used", error.problem.message)
    if settings.secret_key is not None:
        return Finding("ok", "root secret: from GIGAMOST_SECRET_KEY")
    return Finding("ok", f"state folder: {settings.state_dir}, its root secret is for its owner only")


def _trust(settings: Settings) -> Finding:
    gigachat = settings.gigachat
    urls = [gigachat.base_url, gigachat.auth_url, *(credential.base_url for credential in gigachat.pool)]
    if not any(url.startswith("https://") for url in urls):
        return Finding("skip", "certificates: the upstream speaks plain HTTP")
    if not gigachat.verify_ssl_certs:
        return Finding("warn", "certificates: not verified", "Remove GIGACHAT_VERIFY_SSL_CERTS=false")
    try:
        status = check_russian_root(settings.state_dir, gigachat.ca_bundle_file)
    except ValueError as error:
        return Finding("fail", f"certificates: {error}", "Run `gigamost certs install`")
    match status.state:
        case "installed" | "system" | "bundle":
            return Finding("ok", f"certificates: the Russian Trusted Root CA is trusted ({status.state})")
        case "missing" | "wrong":
            # Whether it is needed at all is seen when a connection is made: a company's own host may not need it.
            text = f"certificates: the Russian Trusted Root CA is {status.state}"
            return Finding("warn", text, "Run `gigamost certs install`")
