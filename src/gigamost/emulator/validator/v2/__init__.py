"""The judge of `/v2/chat/completions`."""

from collections.abc import Collection

from gigamost.emulator.assistants import ASSISTANT_UNKNOWN
from gigamost.emulator.catalogue import Facts
from gigamost.emulator.validator import rules as shared
from gigamost.emulator.validator.history import Find, Recall, check_context, check_files, check_history, recalled
from gigamost.emulator.validator.json_types import Raw
from gigamost.emulator.validator.v2.messages import check_places, check_results, read
from gigamost.emulator.validator.v2.options import check_fields, check_options
from gigamost.emulator.validator.v2.shapes import RESULT_ROLES, check_shapes
from gigamost.emulator.validator.v2.tools import KNOWN, builtins_of, check_known, check_tools, functions_of

__all__ = ["builtins_of", "functions_of", "judge", "read"]


def judge(
    raw: object,
    models: dict[str, Facts],
    find: Find,
    *,
    strict_fields: bool,
    available: Collection[str] = KNOWN,
    result_roles: tuple[str, ...] = RESULT_ROLES,
    recall: Recall | None = None,
) -> tuple[Raw, Facts]:
    """A chat request and its model, in the order of section 9.4: shape, model, values, tools, history, size.

    `find` gives a file that the caller may use, `recall` what was said in a thread of the caller; None for any other.
    `available` are the built-in tools of the account.
    """
    body = check_shapes(raw, result_roles)
    check_results(body["messages"])
    if "model" not in body:
        raise ASSISTANT_UNKNOWN.refuse()
    model = models.get(body["model"])
    if model is None or model.type != "chat":
        raise shared.MODEL.refuse()
    check_known(body)
    if strict_fields:
        check_fields(body)
    check_options(body.get("model_options", {}))
    check_tools(body, model, available)
    check_places(body["messages"])
    functions = functions_of(body)
    said = (*recalled(body.get("storage"), recall), *read(body["messages"]))
    check_history(said, functions)
    check_files(said, model, find)
    check_context(functions, said, model, find)
    return body, model
