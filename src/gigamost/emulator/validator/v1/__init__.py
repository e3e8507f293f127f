"""The judge of `/v1/chat/completions`."""

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.functions import check_call, check_functions
from gigamost.emulator.validator.history import Find, Recall, check_context, check_files, check_history, recalled
from gigamost.emulator.validator.json_types import Raw
from gigamost.emulator.validator.v1.messages import check_places, read
from gigamost.emulator.validator.v1.params import check_fields, check_params
from gigamost.emulator.validator.v1.shapes import check_shapes

__all__ = ["judge", "read"]


def judge(
    raw: object, models: dict[str, Facts], find: Find, *, strict_fields: bool, recall: Recall | None = None
) -> tuple[Raw, Facts]:
    """A chat request and its model, in the order of section 9.4: shape, model, values, functions, history, size.

    `find` gives a file that the caller may use, `recall` what was said in a thread of the caller; None for any other.
    """
    body = check_shapes(raw)
    model = models.get(body["model"])
    if model is None or model.type != "chat":
        raise rules.MODEL.refuse()
    if strict_fields:
        check_fields(body)
    check_params(body)
    functions: list[Raw] = body.get("functions") or []
    check_functions(functions, model)
    check_call(body.get("function_call"), functions)
    check_places(body["messages"])
    said = (*recalled(body.get("storage"), recall), *read(body["messages"]))
    check_history(said, functions)
    check_files(said, model, find)
    check_context(functions, said, model, find)
    return body, model
