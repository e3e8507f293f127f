"""What both versions can be told about how to write: v1 at the top of a request, v2 in `model_options`."""

from gigamost.emulator.validator import rules
from gigamost.emulator.validator.json_types import Fields, Raw, integer, is_schema, nullable, number, refers

INT32 = 2**31 - 1
SAMPLING: Fields = {
    "temperature": nullable(number),
    "top_p": nullable(number),
    "max_tokens": nullable(integer),
    "repetition_penalty": nullable(number),
    "update_interval": number,
}


def check_sampling(options: Raw) -> None:
    if (temperature := options.get("temperature")) is not None and temperature <= 0:
        raise rules.TEMPERATURE.refuse()
    if (top_p := options.get("top_p")) is not None and not 0 <= top_p <= 1:
        raise rules.TOP_P.refuse()
    if (limit := options.get("max_tokens")) is not None and not 0 < limit <= INT32:
        raise rules.MAX_TOKENS.refuse()
    if (penalty := options.get("repetition_penalty")) is not None and penalty <= 0:
        raise rules.REPETITION.refuse()
    if options.get("update_interval", 0) < 0:
        raise rules.INTERVAL.refuse()


def check_format_type(response_format: Raw, *types: str) -> None:
    if response_format["type"] not in types:
        raise rules.FORMAT_TYPE.refuse(type=response_format["type"])
    if response_format["type"] == "json_schema" and not response_format.get("schema"):
        raise rules.FORMAT_SCHEMA.refuse()


def check_format_schema(response_format: Raw) -> None:
    schema = response_format.get("schema") or {}
    if refers(schema):
        raise rules.FORMAT_REFERENCE.refuse()
    if not is_schema(schema):
        raise rules.FORMAT_INVALID.refuse()
