"""Exchanges as rows: columns for what is looked for, one JSON value for what was said."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Row

from gigamost.core.prompts import Entry, Said, SaidMessage, SaidPart
from gigamost.core.usage import Usage


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    asked: tuple[SaidMessage, ...] = ()
    answered: tuple[SaidPart, ...] = ()
    code: str = ""
    trouble: str = ""


_body: Final[Callable[[bytes], _Body]] = msgspec.json.Decoder(_Body).decode


def row_of(entry: Entry) -> dict[str, Any]:  # values of any column
    said, tip = entry.said, entry.tip
    return {
        "id": said.id,
        "tenant": said.tenant,
        "key_id": said.key_id,
        "subject": said.subject,
        "talk": said.talk,
        "previous": said.previous,
        "face": said.face,
        "model": said.model,
        "started": said.started,
        "finished": said.finished,
        "status": said.status,
        "finish": said.finish,
        "input_tokens": said.usage.input_tokens,
        "output_tokens": said.usage.output_tokens,
        "cached_tokens": said.usage.cached_tokens,
        "reasoning_tokens": said.usage.reasoning_tokens,
        "estimated": said.usage.estimated,
        "tip": tip.tip,
        "answer": tip.answer,
        "system": tip.system,
        "body": msgspec.json.encode(_Body(said.asked, said.answered, said.code, said.trouble)),
    }


def said_in(row: Row[*tuple[Any, ...]]) -> Said:
    body = _body(row.body)
    return Said(
        id=row.id,
        tenant=row.tenant,
        key_id=row.key_id,
        subject=row.subject,
        talk=row.talk,
        previous=row.previous,
        face=row.face,
        model=row.model,
        started=row.started,
        finished=row.finished,
        status=row.status,
        usage=Usage(row.input_tokens, row.output_tokens, row.cached_tokens, row.reasoning_tokens, row.estimated),
        asked=body.asked,
        answered=body.answered,
        finish=row.finish,
        code=body.code,
        trouble=body.trouble,
        number=row.number,
    )
