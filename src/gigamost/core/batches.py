"""The services of a face that batches have (`core.face.Service`)."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from gigamost.core.jobs import Job, JobPage, JobWindow, Kind, NewItem, Result

if TYPE_CHECKING:
    from gigamost.core.face import Incoming


class NewBatch(msgspec.Struct, frozen=True):
    """A batch that a client begins: each of `items`, or of the lines of `input_file`, is a request to the endpoint
    `path` of the same face, with `parameters` in its path. `about` is JSON that the protocol shows again; `lifetime`
    seconds. `ignored` as in `ChatRequest`."""

    path: str
    about: bytes
    lifetime: int
    items: tuple[NewItem, ...] = ()
    input_file: str = ""
    parameters: dict[str, str] = {}
    ignored: tuple[str, ...] = ()


class CreateBatch(msgspec.Struct, frozen=True, tag=True):
    """`prefix` is that of its id."""

    kind: Kind
    prefix: str
    decode: "Callable[[Incoming], NewBatch]"
    encode: "Callable[[Job, Incoming], bytes]"


class GetBatch(msgspec.Struct, frozen=True, tag=True):
    """The path has a parameter `batch`, as have those of the next ones. `has_results`: the results are shown in it once
    it has ended; else there are none."""

    kind: Kind
    encode: "Callable[[Job, Sequence[Result], Incoming], bytes]"
    has_results: bool = False


class ListBatches(msgspec.Struct, frozen=True, tag=True):
    """`decode` raises GatewayError (400)."""

    kind: Kind
    decode: "Callable[[Incoming], JobWindow]"
    encode: "Callable[[JobPage, Incoming], bytes]"


class CancelBatch(msgspec.Struct, frozen=True, tag=True):
    kind: Kind
    encode: "Callable[[Job, Incoming], bytes]"


class DeleteBatch(msgspec.Struct, frozen=True, tag=True):
    """`encode` takes its id. One that has not ended is not deleted."""

    kind: Kind
    encode: "Callable[[str], bytes]"


class ReadResults(msgspec.Struct, frozen=True, tag=True):
    """A line for each item of a batch that has ended."""

    kind: Kind
    encode: "Callable[[Result], bytes]"


ServeBatches = CreateBatch | GetBatch | ListBatches | CancelBatch | DeleteBatch | ReadResults
