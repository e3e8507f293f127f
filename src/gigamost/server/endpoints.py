"""What every kind of endpoint does with a request: the closed set of `core.face.Service`, one function each."""

from collections.abc import Callable, Sequence
from typing import assert_never

from gigamost.auth.access import Peer
from gigamost.auth.tokens import Token
from gigamost.batch.deferred import Deferred
from gigamost.batch.files import is_kept
from gigamost.core.batches import (
    CancelBatch,
    CreateBatch,
    DeleteBatch,
    GetBatch,
    ListBatches,
    ReadResults,
)
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.face import (
    AddItems,
    CancelResponse,
    Choose,
    CreateConversation,
    DeleteConversation,
    DeleteFile,
    DeleteItem,
    DeleteResponse,
    ExchangeKey,
    GetConversation,
    GetFile,
    GetItem,
    GetModel,
    GetResponse,
    Incoming,
    ListFiles,
    ListItems,
    ListModels,
    ReadFile,
    Relay,
    Say,
    ServeChat,
    ServeCount,
    ServeEmbeddings,
    ServeImages,
    ServeModerations,
    ServeResponses,
    Service,
    ShowUsage,
    StartUpload,
    UpdateConversation,
    UploadFile,
)
from gigamost.history.retention import check_keeps
from gigamost.pipeline.archive import Archive
from gigamost.pipeline.chat import Chat
from gigamost.pipeline.context import Context
from gigamost.pipeline.kept import KeptChat
from gigamost.pipeline.own_usage import OwnUsage
from gigamost.pipeline.relay import Relayer
from gigamost.pipeline.tasks import Tasks
from gigamost.server.batches import BatchEndpoints, ResponseEndpoints, attachment, send_pieces
from gigamost.server.exchange import Http
from gigamost.server.kept import KeptEndpoints
from gigamost.server.relay import relay
from gigamost.server.respond import JSON, cached, ignored, respond, stamp
from gigamost.server.types import Header
from gigamost.server.uploads import BatchInput, take_in


class Endpoints:
    """`issue` makes a token for the key of a request."""

    def __init__(
        self,
        chat: Chat,
        tasks: Tasks,
        kept_chat: KeptChat,
        archive: Archive,
        relayer: Relayer,
        deferred: Deferred,
        own_usage: OwnUsage,
        issue: Callable[[Peer], Token],
    ) -> None:
        self._own_usage = own_usage
        self._relayer = relayer
        self._issue = issue
        self._chat = chat
        self._tasks = tasks
        self._kept_chat = kept_chat
        self._kept = KeptEndpoints(archive)
        self._batches = BatchEndpoints(deferred)
        self._batch_files = deferred.files
        self._responses = ResponseEndpoints(deferred, archive)

    async def serve(self, service: Service, http: Http, incoming: Incoming, context: Context) -> None:
        """Raises GatewayError as long as nothing was sent."""
        match service:
            case ServeChat():
                await self._serve_chat(service, http, incoming, context)
            case ServeResponses():
                await self._serve_responses(service, http, incoming, context)
            case ServeCount() | ServeEmbeddings() | ServeImages() | ServeModerations():
                await self._serve_task(service, http, incoming, context)
            case ListModels(encode=encode):
                await http.whole(200, encode(await self._tasks.list_models(context), incoming), [JSON])
            case GetModel(encode=encode, name=name):
                await http.whole(200, encode(await self._tasks.get_model(name(incoming), context)), [JSON])
            case Say(encode=say):
                content_type, said = say(incoming)
                await http.whole(200, said, [(b"content-type", content_type.encode())])
            case StartUpload(headers=headers_of):
                await http.whole(200, b"{}", [JSON, *_raw(headers_of(incoming))])
            case UploadFile() | ListFiles() | GetFile() | ReadFile() | DeleteFile():
                await self._serve_files(service, http, incoming, context)
            case GetResponse() | CancelResponse() | DeleteResponse():
                await self._responses.serve(service, http, incoming, context)
            case CreateBatch() | GetBatch() | ListBatches() | CancelBatch() | DeleteBatch() | ReadResults():
                await self._batches.serve(service, http, incoming, context)
            case (
                CreateConversation()
                | GetConversation()
                | UpdateConversation()
                | DeleteConversation()
                | AddItems()
                | ListItems()
                | GetItem()
                | DeleteItem()
            ):
                await self._kept.serve(service, http, incoming, context)
            case Relay():
                await relay(http, await self._relayer.relay(service, http.method, incoming, context))
            case Choose(choose=choose):
                await self.serve(choose(incoming), http, incoming, context)
            case ShowUsage(decode=span_of, encode=show):
                usage = await self._own_usage.of(context.principal, span_of(incoming))
                await http.whole(200, show(usage), [JSON, (b"cache-control", b"no-store")])
            case ExchangeKey():
                await self._exchange_key(service, http, incoming)
            case _:
                assert_never(service)

    async def _exchange_key(self, service: ExchangeKey, http: Http, incoming: Incoming) -> None:
        token = self._issue(Peer(http.headers, http.query))
        said = service.encode(token.text, token.expires_at, incoming)
        await http.whole(200, said, [JSON, (b"cache-control", b"no-store")])

    async def _serve_chat(self, service: ServeChat, http: Http, incoming: Incoming, context: Context) -> None:
        exchange = service.decode(incoming)
        answer = await self._chat.answer(exchange.request, context)
        await respond(http, exchange, answer, stamp(http, exchange.request.model))

    async def _serve_responses(self, service: ServeResponses, http: Http, incoming: Incoming, context: Context) -> None:
        exchange = service.decode(incoming)
        marked = stamp(http, exchange.request.model)
        if exchange.is_background:
            check_keeps(context.principal.defaults)
            await self._responses.begin(exchange, http, incoming, marked, context)
            return
        answer = await self._kept_chat.answer(exchange, marked, context)
        await respond(http, exchange, answer, marked)

    async def _serve_task(
        self,
        service: ServeCount | ServeEmbeddings | ServeImages | ServeModerations,
        http: Http,
        incoming: Incoming,
        context: Context,
    ) -> None:
        match service:
            case ServeCount(decode=decode):
                counting = decode(incoming)
                tokens, is_estimate = await self._tasks.count(counting.request, context)
                headers = [JSON, (b"x-gigamost-estimated", b"true" if is_estimate else b"false")]
                await http.whole(200, counting.encode(tokens), [*headers, *ignored(counting.request.ignored)])
            case ServeEmbeddings(decode=decode):
                embedding = decode(incoming)
                vectors = await self._tasks.embed(embedding.request, context)
                data = embedding.encode(vectors, stamp(http, embedding.request.model))
                headers = [JSON, *cached(context.visit.trail), *ignored(embedding.request.ignored)]
                await http.whole(200, data, headers)
            case ServeImages(decode=decode):
                image = decode(incoming)
                pictures = await self._tasks.create_image(image.request, context)
                data = image.encode(pictures, stamp(http, image.request.model))
                await http.whole(200, data, [JSON, *ignored(image.request.ignored)])
            case ServeModerations(decode=decode):
                moderation = decode(incoming)
                verdicts = await self._tasks.moderate(moderation.request, context)
                data = moderation.encode(verdicts, stamp(http, moderation.request.model))
                await http.whole(200, data, [JSON, *ignored(moderation.request.ignored)])
            case _:
                assert_never(service)

    async def _upload(self, service: UploadFile, http: Http, incoming: Incoming, context: Context) -> None:
        if service.unused is not None:
            taken = await take_in(http, incoming)
            if isinstance(taken, BatchInput):
                file = await self._batch_files.take_in(taken.form.file_name, taken.pieces, context)
                unused = ignored(service.unused(taken.form.fields))
                await http.whole(200, service.encode(file, incoming), [JSON, *unused])
                return
            incoming = taken
        new = service.decode(incoming)
        upload = self._batch_files.upload if new.purpose == "batch" else self._tasks.upload
        data = service.encode(await upload(new, context), incoming)
        await http.whole(200, data, [JSON, *_raw(service.headers), *ignored(new.ignored)])

    async def _serve_files(
        self,
        service: UploadFile | ListFiles | GetFile | ReadFile | DeleteFile,
        http: Http,
        incoming: Incoming,
        context: Context,
    ) -> None:
        file_id = incoming.path.get("file", "")
        kept = self._batch_files
        match service:
            case UploadFile():
                await self._upload(service, http, incoming, context)
            case ListFiles(encode=encode, has_batches=has_batches):
                listed = await kept.list_files(context) if has_batches else ()
                await http.whole(200, encode([*listed, *await self._tasks.list_files(context)], incoming), [JSON])
            case GetFile(encode=encode):
                get_file = kept.get_file if is_kept(file_id) else self._tasks.get_file
                await http.whole(200, encode(await get_file(file_id, context), incoming), [JSON])
            case ReadFile() if is_kept(file_id):
                pieces = await kept.read_file(file_id, context)
                await send_pieces(http, pieces, attachment(file_id, "application/jsonl"))
            case ReadFile():
                content, mime = await self._tasks.read_file(file_id, context)
                await http.whole(200, content, attachment(file_id, mime))
            case DeleteFile(encode=encode):
                await (kept.delete_file if is_kept(file_id) else self._tasks.delete_file)(file_id, context)
                await http.whole(200, encode(file_id), [JSON])
            case _:
                assert_never(service)


def _raw(headers: Sequence[tuple[str, str]]) -> list[Header]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def no_route(http: Http) -> GatewayError:
    message = (
        f"There is no route {http.method} {http.path[:200]}. The gateway's routes are listed in its documentation."
    )
    return GatewayError(Kind.NOT_FOUND, message, code="unknown_route")
