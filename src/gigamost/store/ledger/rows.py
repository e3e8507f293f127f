"""What is written of an intent and of a settlement, and what is read of a row: said once for all stores."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gigamost.core.accounting import Hold, Intent, Settlement
from gigamost.core.usage import Usage
from gigamost.store.ledger.group import Row

_LONGEST: Final = 200  # characters of what a client wrote
COLUMNS: Final = (
    "id, started, key_id, tenant, model, state, status, input_tokens, output_tokens, cached_tokens, reasoning_tokens,"
    " cost, reserved, holds"
)
_MOST: Final = 2**50  # of anything that is counted: more is nonsense, and a sum of many such still fits
_holds = msgspec.json.Decoder(tuple[Hold, ...]).decode


def intent_values(intent: Intent) -> tuple[Any, ...]:
    """In the order in which every store inserts them."""
    estimate = intent.estimate
    return (
        intent.id,
        intent.client_request_id,
        intent.replica,
        intent.started,
        intent.key_id,
        intent.tenant,
        intent.face,
        intent.model,
        estimate.input_tokens,
        estimate.output_tokens,
        estimate.cached_tokens,
        estimate.reasoning_tokens,
        intent.reserved,
        msgspec.json.encode(intent.holds).decode() if intent.holds else "",
    )


def settlement_values(settlement: Settlement) -> tuple[Any, ...]:
    """In the order in which every store updates them, the id last."""
    usage = settlement.usage
    return (
        settlement.finished,
        settlement.state,
        settlement.status,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
        usage.estimated,
        settlement.cost,
        settlement.upstream,
        settlement.attempts,
        settlement.ttft_ms,
        settlement.duration_ms,
        settlement.id,
    )


def countable(settlement: Settlement) -> Settlement:
    """What an upstream counted as every database can hold it."""
    usage = settlement.usage
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
    if min(counts) >= 0 and max(*counts, settlement.cost) <= _MOST:
        return settlement
    input_, output, cached, reasoning = (min(max(count, 0), _MOST) for count in counts)
    fitting = Usage(input_, output, cached, reasoning, estimated=True)
    return msgspec.structs.replace(settlement, usage=fitting, cost=min(settlement.cost, _MOST))


def read_row(values: Sequence[Any]) -> Row:  # of the types of the columns, which no driver says
    """Of the columns that `COLUMNS` names."""
    id_, started, key_id, tenant, model, state, status = values[:7]
    cost, reserved, holds = values[11:]
    held = _holds(holds) if holds else ()
    return Row(id_, started, key_id, tenant, model, state, status, Usage(*values[7:11]), cost, reserved, held)


def storable(intent: Intent) -> Intent:
    """What clients wrote as every database can hold it: printable, and not long."""
    if (intent.model + intent.client_request_id).isprintable() and len(intent.model) <= _LONGEST:
        return intent
    model, client_request_id = (
        "".join(each if each.isprintable() else "\ufffd" for each in text[:_LONGEST])
        for text in (intent.model, intent.client_request_id)
    )
    return msgspec.structs.replace(intent, model=model, client_request_id=client_request_id)
