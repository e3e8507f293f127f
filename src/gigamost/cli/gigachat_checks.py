"""The checks of one credential: its token, its scope, its models, its balance, and which host answers."""

from collections.abc import AsyncIterator

import msgspec

from gigamost.cli.finding import Finding
from gigamost.cli.terminal import CommandError
from gigamost.cli.upstream import account, fetch, get
from gigamost.config import Credential, Settings
from gigamost.config.settings import API_URL, CONNECTIONS
from gigamost.core.errors import GatewayError
from gigamost.upstreams.account import Account
from gigamost.upstreams.credentials.faults import TokenFault
from gigamost.upstreams.credentials.gigachat_oauth import USER_AGENT
from gigamost.upstreams.http import HttpAnswer, HttpRequest, TransportError

# Where the API was before July 2026 and, for old users, still is (GigaChat's documentation).
LEGACY_URL = "https://gigachat.devices.sberbank.ru/api/v1"
_ADVICE = {
    "connect": "Check the network, DNS and HTTPS_PROXY",
    "tls": "Run `gigamost certs install`, or set GIGACHAT_CA_BUNDLE_FILE if a proxy here opens TLS",
}


class _Model(msgspec.Struct):
    id: str
    type: str = "chat"


class _Models(msgspec.Struct):
    data: list[_Model]


class _Package(msgspec.Struct):
    usage: str
    value: float


class _Balance(msgspec.Struct):
    balance: list[_Package]


async def check(settings: Settings, credential: Credential) -> AsyncIterator[Finding]:
    name = f"{credential.name}: " if len(settings.gigachat.pool) > 1 else ""
    async with account(settings, credential) as connected:
        if credential.key is not None:
            reached = await _reach(connected, credential.auth_url, "OAuth")
            yield _named(name, reached)
            if reached.mark == "fail":
                return
        token = await _token(settings, credential, connected)
        yield _named(name, token)
        if token.mark == "fail":
            return
        async for finding in _api(settings, connected):
            yield _named(name, finding)


def _named(name: str, finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, text=name + finding.text)


async def _reach(connected: Account, url: str, what: str) -> Finding:
    """Any answer will do: the host was found, and its certificate trusted."""
    try:
        await fetch(connected.transport, HttpRequest("GET", url, (USER_AGENT,)))
    except TransportError as error:
        return Finding(
            "fail", f"{what}: {url} cannot be reached ({error})", _ADVICE.get(error.reason, _ADVICE["connect"])
        )
    return Finding("ok", f"{what}: {url} answers")


async def _token(settings: Settings, credential: Credential, connected: Account) -> Finding:
    try:
        await connected.tokens.get()
    except GatewayError as error:
        problem = error.problem
        if problem.code == TokenFault.SCOPE_REFUSED and (scope := await right_scope(settings, credential)):
            return Finding("fail", f"scope: the key is not for {credential.scope}", f"Set GIGACHAT_SCOPE={scope}")
        return Finding("fail", f"token: {problem.message}", problem.detail)
    info = connected.tokens.info()
    if info.state == "fallback":
        return Finding("warn", "token: OAuth gives none, GIGACHAT_ACCESS_TOKEN stands in", info.last_error)
    return Finding("ok", f"token: given for {credential.scope}")


async def right_scope(settings: Settings, credential: Credential) -> str | None:
    """The scope that the key is for, if it is for any."""
    for scope in CONNECTIONS:
        if scope == credential.scope:
            continue
        async with account(settings, msgspec.structs.replace(credential, scope=scope)) as other:
            try:
                await other.tokens.get()
            except GatewayError:
                continue
        return scope
    return None


async def _api(settings: Settings, connected: Account) -> AsyncIterator[Finding]:
    base = connected.base_url
    try:
        yield _models(settings, await get(connected, "/models"))
        yield _balance(await get(connected, "/balance"))
    except TransportError as error:
        advice = _ADVICE.get(error.reason, _ADVICE["connect"])
        if base == API_URL and (await _reach(connected, LEGACY_URL, "API")).mark == "ok":
            advice = f"Only the legacy host answers from here: set GIGACHAT_BASE_URL={LEGACY_URL}"
        yield Finding("fail", f"API: {base} cannot be reached ({error})", advice)


def _models(settings: Settings, answer: HttpAnswer) -> Finding:
    try:
        models = model_names(answer)
    except CommandError as error:
        return Finding("fail", f"models: {error}", "Check GIGACHAT_BASE_URL")
    default = settings.models.default
    if default is not None and default not in models:
        return Finding("fail", f"models: {default} is not among {', '.join(models)}", "Correct GIGACHAT_MODEL")
    return Finding("ok", f"models: {', '.join(models)}")


def model_names(answer: HttpAnswer) -> list[str]:
    """The account's chat models. Raises CommandError."""
    if answer.status != 200:
        raise CommandError(_said(answer))
    try:
        models = msgspec.json.decode(answer.body, type=_Models).data
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandError("the answer is no list of models") from error
    return [model.id for model in models if model.type == "chat"]


def _balance(answer: HttpAnswer) -> Finding:
    if answer.status == 403:
        return Finding("ok", "balance: none to show, the account pays as it goes")
    if answer.status != 200:
        return Finding("warn", f"balance: {_said(answer)}")
    try:
        packages = msgspec.json.decode(answer.body, type=_Balance).balance
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Finding("warn", "balance: the answer cannot be read")
    text = ", ".join(f"{package.usage} {package.value:,.0f}" for package in packages)
    if packages and all(package.value <= 0 for package in packages):
        return Finding("fail", f"balance: {text}", "Buy tokens at https://developers.sber.ru")
    return Finding("ok", f"balance in tokens: {text}")


def _said(answer: HttpAnswer) -> str:
    return f"HTTP {answer.status}: {' '.join(answer.body[:200].decode('utf-8', 'replace').split())}"
