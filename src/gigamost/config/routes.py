"""Upstreams and routes of the file: short forms written out, what is left out filled in, and what cannot be."""

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from gigamost.config.origin import Node, Raw, nearest
from gigamost.config.settings import Settings, Upstream
from gigamost.ledger.money import Micros, micros
from gigamost.ledger.prices import Price
from gigamost.routing.table import GIGACHAT, Destination, is_pattern

OPENROUTER: Final = "openrouter"
OPENROUTER_URL: Final = "https://openrouter.ai/api/v1"


def normalised(document: Node) -> Node:
    """In YAML a target may be a text (`openrouter/deepseek/deepseek-chat`, `GigaChat-2-Max`), `fallback` a list for
    every failure, and the `models` of an upstream a list of names."""
    document = _changed(document, "routes", lambda routes: _each(routes, _route))
    return _changed(document, "upstreams", lambda rows: _each(rows, _upstream))


def _route(node: Node) -> Node:
    node = _changed(node, "targets", lambda targets: _each(targets, _destination))
    return _changed(node, "fallback", _fallback)


def _fallback(node: Node) -> Node:
    if isinstance(node.value, list):
        failure: Raw = {"failure": node}
        node = Node(failure, node.origin)
    return _each(node, lambda cause: _each(cause, _destination))


def _destination(node: Node) -> Node:
    if not isinstance(node.value, str):
        return node
    upstream, slash, model = node.value.partition("/")
    texts = {"upstream": upstream, "model": model} if slash else {"model": upstream}
    written: Raw = {name: Node(text, node.origin) for name, text in texts.items()}
    return Node(written, node.origin)


def _upstream(node: Node) -> Node:
    return _changed(node, "models", _models)


def _models(node: Node) -> Node:
    if not isinstance(node.value, list) or not all(isinstance(item.value, str) for item in node.value):
        return node
    written: Raw = {str(item.value): Node(None, item.origin) for item in node.value}
    return Node(written, node.origin)


def _changed(node: Node, name: str, change: Callable[[Node], Node]) -> Node:
    """With one value of a mapping changed; what is no such mapping is left to the checks of types."""
    if not isinstance(node.value, dict) or name not in node.value:
        return node
    value: Raw = {**node.value, name: change(node.value[name])}
    return Node(value, node.origin)


def _each(node: Node, change: Callable[[Node], Node]) -> Node:
    value: Raw
    match node.value:
        case dict(rows):
            value = {name: change(row) for name, row in rows.items()}
        case list(items):
            value = [change(item) for item in items]
        case _:
            return node
    return Node(value, node.origin)


def filled(settings: Settings) -> Settings:
    """OpenRouter needs no row of its own: where a route names it, its key is enough."""
    key = settings.openrouter_api_key
    rows = [_completed(row, settings) for row in settings.upstreams]
    named = {to.upstream for route in settings.routes.values() for to in route.destinations()}
    if key is not None and OPENROUTER in named and all(row.name != OPENROUTER for row in rows):
        rows.append(Upstream(name=OPENROUTER, base_url=OPENROUTER_URL, api_key=key))
    return msgspec.structs.replace(settings, upstreams=tuple(rows))


def _completed(row: Upstream, settings: Settings) -> Upstream:
    if row.name == OPENROUTER:
        base_url, api_key = row.base_url or OPENROUTER_URL, row.api_key or settings.openrouter_api_key
        row = msgspec.structs.replace(row, base_url=base_url, api_key=api_key)
    return msgspec.structs.replace(row, base_url=row.base_url.rstrip("/"))


def prices(settings: Settings) -> dict[str, Price]:
    """What the operator says that models cost: those of other upstreams by `upstream/model`, those of GigaChat by their
    names, or by `credential/model`."""
    own = {
        name: Price(*map(_micros, (price.input, price.output, price.cached))) for name, price in settings.prices.items()
    }
    return own | {
        f"{row.name}/{name}": Price(*map(_micros, (model.input_price, model.output_price, model.cached_price)))
        for row in settings.upstreams
        for name, model in row.models.items()
    }


def _micros(amount: str) -> Micros:
    return micros(amount) if amount else 0


def problems(settings: Settings) -> Iterator[str]:
    """One line for each thing that keeps the gateway from starting. Of settings that are `filled`."""
    yield from _upstreams(settings)
    yield from _prices(settings)
    for name, route in settings.routes.items():
        where = _where(settings, f"routes.{name}")
        if name in settings.models.aliases:
            yield f"{where} is a name in models.aliases too: keep one of them"
        if not route.destinations() and route.first_content_timeout is None:
            yield f"{where} says nothing: give it targets or a fallback"
        for to in route.destinations():
            yield from (f"{where}: {fault}" for fault in _faults(to, settings))
        if any(is_pattern(to.model) for to in route.destinations()):
            yield f"{where}: a target's model is one name; leave it out to take the one that the client names"


def _upstreams(settings: Settings) -> Iterator[str]:
    names = [row.name for row in settings.upstreams]
    taken = {credential.name for credential in settings.gigachat.pool} | {GIGACHAT}
    for at, row in enumerate(settings.upstreams):
        where = _where(settings, f"upstreams[{at}]")
        if not row.base_url:
            yield f"{where} has no base_url"
        if row.name in taken or row.name in names[:at]:
            yield f"{where}: the name {row.name} is taken: upstreams and credentials need names of their own"
        if row.ca_bundle_file is not None and not row.ca_bundle_file.is_file():
            yield f"{where}: {row.ca_bundle_file} is not there"
        for name, header in row.headers.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x20-\x7e]+", header.reveal()):
                yield f"{where}: {name} is no header: its name has letters, digits and dashes, its value is one line"
        for name, model in row.models.items():
            for price in filter(None, (model.input_price, model.output_price, model.cached_price)):
                try:
                    micros(price)
                except ValueError as error:
                    yield f"{where}: {name}: {error}"


def _prices(settings: Settings) -> Iterator[str]:
    credentials = [credential.name for credential in settings.gigachat.pool]
    for name, price in settings.prices.items():
        where = _where(settings, f"prices.{name}")
        credential, is_of_one, _ = name.partition("/")
        if is_of_one and credential not in credentials:
            yield f"{where}: there is no credential {credential}{nearest(credential, credentials)}"
        for text in (price.input, price.output, price.cached):
            try:
                micros(text)
            except ValueError as error:
                yield f"{where}: {error}"


def _where(settings: Settings, path: str) -> str:
    """The row at this path, by the line of the first of its settings."""
    origin = next((origin for at, origin in settings.origins.items() if at.startswith((f"{path}.", f"{path}["))), None)
    return path if origin is None else f"{origin.file}:{origin.line}: {path}"


def _faults(to: Destination, settings: Settings) -> Iterator[str]:
    upstreams = {row.name: row for row in settings.upstreams}
    if to.upstream == OPENROUTER and OPENROUTER not in upstreams:
        yield "it goes to openrouter: set OPENROUTER_API_KEY"
    elif to.upstream not in (GIGACHAT, *upstreams):
        yield f"there is no upstream {to.upstream}{nearest(to.upstream, [GIGACHAT, OPENROUTER, *upstreams])}"
    elif to.upstream in upstreams:
        models = upstreams[to.upstream].models
        if to.model and models and to.model not in models:
            yield f"{to.upstream} has no model {to.model}{nearest(to.model, models)}"
        if to.credentials:
            yield f"credentials are those of GigaChat's pool, and the target is {to.upstream}"
    pool = [credential.name for credential in settings.gigachat.pool]
    for credential in to.credentials:
        if to.upstream == GIGACHAT and credential not in pool:
            yield f"there is no credential {credential}{nearest(credential, pool)}"
