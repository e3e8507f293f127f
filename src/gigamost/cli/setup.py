"""`setup`: from a key to a `.env` that works: asked for, tried, written."""

import asyncio
import sys
from pathlib import Path
from typing import NoReturn

import msgspec
import typer

from gigamost.cli import env_file
from gigamost.cli.chat import ask
from gigamost.cli.gigachat_checks import model_names, right_scope
from gigamost.cli.terminal import CommandError, mark, say, working
from gigamost.cli.upstream import WHERE_TO_GET_A_KEY, account, get, unreachable
from gigamost.config import Settings, load
from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret
from gigamost.routing.names import FLAGSHIP
from gigamost.upstreams.credentials.faults import TokenFault
from gigamost.upstreams.credentials.key import PERS, SCOPES, authorization_key, clean_key, fault_in_key
from gigamost.upstreams.http import TransportError


class Wishes(msgspec.Struct, frozen=True):
    """What the options say; "" is asked for, or left at its default where nobody can be asked."""

    key: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    model: str = ""
    file: Path = Path(".env")
    test: bool = True


def setup(wishes: Wishes) -> None:
    """Raises CommandError when the key cannot be one, or GigaChat refuses it: nothing is written then."""
    asking = sys.stdin.isatty() and not (wishes.key or wishes.client_secret)
    key = _key(wishes, asking=asking)
    scope = wishes.scope or (_ask_scope() if asking else PERS)
    if scope not in SCOPES:
        raise CommandError(f"There is no scope {scope!r}. There are: {', '.join(SCOPES)}.")
    model = wishes.model
    if wishes.test:
        scope, models = _try(key, scope)
        model = model or (_ask_model(models) if asking else "")
        if model and model not in models:
            raise CommandError(f"This account has no model {model!r}. It has: {', '.join(models)}.")
        answer = ask(_settings(key, scope), "Reply with a short greeting.", model)
        mark("ok", f"chat: {answer.model} answers, {answer.tokens or 'tokens not said'}")
    names = {"GIGACHAT_CREDENTIALS": key.reveal(), "GIGACHAT_SCOPE": scope}
    backup = env_file.set_names(wishes.file, {**names, "GIGACHAT_MODEL": model} if model else names)
    if backup is not None:
        say(f"The file as it was: {backup}")
    say(f"Written: {wishes.file}. Start the gateway with `gigamost serve`.")


def _key(wishes: Wishes, *, asking: bool) -> Secret:
    if wishes.client_id and wishes.client_secret:
        return _checked(authorization_key(wishes.client_id, Secret(wishes.client_secret)).reveal())
    if wishes.client_id or wishes.client_secret:
        raise CommandError("A client id and its secret go together: --client-id and --client-secret.")
    if wishes.key:
        return _checked(sys.stdin.readline() if wishes.key == "-" else wishes.key)
    if not asking:
        raise CommandError(
            "Nobody can be asked here: give the key with --key (`--key -` reads it from standard input)."
        )
    for line in WHERE_TO_GET_A_KEY[1:2]:
        say(line)
    while True:
        text = typer.prompt("Authorization key (or client id)", hide_input=True)
        if _is_client_id(text):
            secret = typer.prompt("Client secret", hide_input=True)
            text = authorization_key(text, Secret(secret)).reveal()
        fault = fault_in_key(clean_key(text))
        if fault is None:
            return Secret(clean_key(text))
        say(f"This cannot be a key: {fault}.")


def _checked(text: str) -> Secret:
    key = clean_key(text)
    fault = fault_in_key(key)
    if fault is not None:
        raise CommandError(f"This cannot be a key: {fault}.")
    return Secret(key)


def _is_client_id(text: str) -> bool:
    return len(text.strip()) == 36 and text.count("-") == 4


def _ask_scope() -> str:
    for scope, who in SCOPES.items():
        say(f"  {scope}  {who}")
    return str(typer.prompt("Scope", default=PERS))


def _ask_model(models: list[str]) -> str:
    say(f"Models of this account: {', '.join(models)}")
    return str(typer.prompt("Default model", default=FLAGSHIP if FLAGSHIP in models else models[0]))


def _settings(key: Secret, scope: str) -> Settings:
    return load({"gigachat.credentials": key.reveal(), "gigachat.scope": scope})


def _try(key: Secret, scope: str) -> tuple[str, list[str]]:
    """The scope that the key is for, and the account's chat models. Raises CommandError."""
    settings = _settings(key, scope)
    with working("Asking GigaChat for a token"):
        right, models = asyncio.run(_token_and_models(settings))
    mark("ok", f"token: given for {right}")
    if right != scope:
        mark("warn", f"scope: this key is for {right}, which is what is written")
    mark("ok", f"models: {', '.join(models)}")
    return right, models


async def _token_and_models(settings: Settings) -> tuple[str, list[str]]:
    credential = settings.gigachat.pool[0]
    async with account(settings, credential) as connected:
        try:
            return credential.scope, model_names(await get(connected, "/models"))
        except TransportError as error:
            raise CommandError(f"{credential.base_url} cannot be reached ({unreachable(error)}).") from error
        except GatewayError as error:
            if error.problem.code != TokenFault.SCOPE_REFUSED:
                _refused(error)
            scope = await right_scope(settings, credential)
            if scope is None:
                _refused(error)
    return await _token_and_models(_settings(credential.key or Secret(""), scope))


def _refused(error: GatewayError) -> NoReturn:
    raise CommandError(error.problem.message, error.problem.detail) from error
