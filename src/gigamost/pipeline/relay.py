"""Requests of clients that speak the upstream's own wire: the same credentials, gate and table of recovery as for every
other request, but nothing is translated. Only ids of what the upstream keeps are opened on the way in and sealed on
the way out (`protocols.gigachat.native`).

    choose credentials > open ids > slot > post, retry, fail over > first bytes > read > close
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import NamedTuple

import msgspec

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import Incoming, Relay
from gigamost.core.models import Capabilities
from gigamost.core.usage import Usage
from gigamost.objects.ids import Owner, Seal
from gigamost.pipeline.ask import retried
from gigamost.pipeline.context import Context, client_id, owner_of
from gigamost.pipeline.desk import Trail, Visit
from gigamost.pipeline.imposed import imposed_on_body
from gigamost.pipeline.recovery import EMPTY, STEPS, Failed, failed_inside, failed_status, failed_transport, for_client
from gigamost.pipeline.recovery import problem_of_transport as problem_of
from gigamost.pipeline.routes import Routes
from gigamost.pipeline.stored_files import PREFIX
from gigamost.pipeline.tape import Overheard
from gigamost.protocols.gigachat.native.answers import Stream, problem_in, sealed, usage_in
from gigamost.protocols.gigachat.native.ids import Kind, open_ids
from gigamost.protocols.gigachat.problems import CUT, decode_error, encode_error
from gigamost.upstreams.account import Account
from gigamost.upstreams.http import Response, TransportError

_ERROR_LIMIT = 1024 * 1024  # bytes of an error's body that are worth reading
_PREFIXES: Mapping[Kind, str] = {"file": PREFIX, "thread": "thread", "call": ""}
_REFUSED_CREDENTIAL = 403


class Relayed:
    """An answer on its way: `first` is there, the rest comes from `read` until that gives b"". `close` it, however it
    ended. `ignored` as with chat. `usage` is what the upstream said so far, an estimate where it said nothing."""

    def __init__(self, status: int, content_type: str, first: bytes, usage: Usage) -> None:
        self.status = status
        self.content_type = content_type
        self.first = first
        self.trail = Trail()
        self.visit: Visit | None = None
        self.ignored: tuple[str, ...] = ()
        self.tape: Overheard | None = None
        self._usage = usage
        self._live: tuple[Response, Stream] | None = None
        self._release: Callable[[], None] | None = None

    @classmethod
    def streaming(cls, response: Response, stream: Stream, first: bytes) -> "Relayed":
        made = cls(200, response.headers.get("content-type", ""), first, stream.usage)
        made._live = response, stream
        return made

    @property
    def is_whole(self) -> bool:
        return self._live is None

    @property
    def usage(self) -> Usage:
        return self._live[1].usage if self._live is not None else self._usage

    async def read(self) -> bytes:
        """Raises GatewayError when the upstream broke off: the client must not see a proper end."""
        if self._live is None:
            return b""
        response, stream = self._live
        try:
            while chunk := await response.chunk():
                if data := stream.feed(chunk):
                    return self._heard(data)
        except TransportError as error:
            raise GatewayError.of(problem_of(error)) from error
        last = stream.end()
        if not stream.finished:
            raise GatewayError.of(CUT)
        return self._heard(last)

    def keep(self, tape: Overheard) -> None:
        """What the client is sent goes onto the tape."""
        if self.status >= 400:
            tape.problem = decode_error(self.status, {}, self.first)
            return
        self.tape, tape.is_stream = tape, not self.is_whole
        tape.hear(self.first)

    def _heard(self, data: bytes) -> bytes:
        if self.tape is not None:
            self.tape.hear(data)
        return data

    def hold(self, release: Callable[[], None]) -> None:
        """The slot of the credential, until the answer is closed."""
        if self.is_whole:
            release()
        else:
            self._release = release

    def close(self) -> None:
        """Twice is as good as once."""
        visit, self.visit = self.visit, None
        if visit is not None:
            visit.spend(self.usage)
        if self._live is not None:
            self._live[0].close()
        release, self._release = self._release, None
        if release is not None:
            release()


class _Peek(msgspec.Struct):
    """What the ledger needs to know of a body that goes on as it is."""

    model: str = ""
    max_tokens: int | None = None


def _most(service: Relay, incoming: Incoming) -> tuple[str, Usage]:
    """The model that a request names, and the most that it may use: every token is at least a byte of the body."""
    if not service.is_generation:
        return "", Usage()
    try:
        peek = msgspec.json.decode(incoming.body, type=_Peek)
    except (msgspec.DecodeError, UnicodeDecodeError):
        peek = _Peek()  # GigaChat says what is wrong with it
    longest = Capabilities().max_output
    return peek.model, Usage(len(incoming.body), min(peek.max_tokens or longest, longest), estimated=True)


def _tape(service: Relay, body: bytes, context: Context) -> Overheard | None:
    """For a chat whose exchange is kept."""
    if service.overhear is None or not context.principal.defaults.keeps_prompts:
        return None
    context.visit.tape = tape = Overheard(service.overhear, body, context.user, context.session)
    return tape


class _Owned:
    """The ids of one tenant under one credential (`native.ids.Ids`)."""

    def __init__(self, seal: Seal, owner: Owner) -> None:
        self._seal = seal
        self._owner = owner

    def open(self, kind: Kind, shown: str) -> str | None:
        return self._seal.open(kind, shown, self._owner)

    def close(self, kind: Kind, upstream_id: str) -> str | None:
        return self._seal.close(kind, upstream_id, self._owner, _PREFIXES[kind])


class _Candidate(NamedTuple):
    """One credential, and the request as it is to go there."""

    account: Account
    ids: _Owned | None
    body: bytes
    ignored: tuple[str, ...]


class Relayer:
    def __init__(self, *, routes: Routes, seal: Seal) -> None:
        self._routes = routes
        self._seal = seal

    async def relay(self, service: Relay, method: str, incoming: Incoming, context: Context) -> Relayed:
        """An answer whose first bytes have come. Raises GatewayError: nothing was sent to the client yet.

        What the upstream refuses about the request itself is an answer, in its own words and with its own status.
        """
        asked = incoming.body
        body = imposed_on_body(service, asked, context.principal)
        if body is not asked:
            incoming = msgspec.structs.replace(incoming, body=body)
        candidates = self._candidates(service, incoming, context)[:2]
        headers = self._headers(incoming, context)
        visit = context.visit
        await visit.reserve(*_most(service, incoming))
        visit.require()
        tape = _tape(service, asked, context)
        trail = visit.trail
        for at, candidate in enumerate(candidates):
            trail.upstream = candidate.account.name
            try:
                answer = await self._ask(service, method, incoming, context, candidate, headers, trail)
            except Failed as failed:
                if at + 1 == len(candidates) or STEPS[failed.cause] == "fail":
                    raise for_client(failed.problem, client_owned=candidate.account.client_owned) from None
            else:
                answer.trail, answer.visit, answer.ignored = trail, visit, candidate.ignored
                if tape is not None:
                    answer.keep(tape)
                return answer
        raise ValueError("a request needs at least one credential")

    def _candidates(self, service: Relay, incoming: Incoming, context: Context) -> Sequence[_Candidate]:
        """The credentials under which everything is kept that the request names. Raises GatewayError (400)."""
        accounts = self._routes.accounts(context.principal)
        if not service.has_ids:
            return [_Candidate(account, None, incoming.body, ()) for account in accounts]
        found: list[_Candidate] = []
        refusal: GatewayError | None = None
        for account in accounts:
            ids = _Owned(self._seal, owner_of(context, account))
            try:
                body, ignored = open_ids(incoming.body, ids)
            except GatewayError as error:
                refusal = refusal or error
            else:
                found.append(_Candidate(account, ids, body, ignored))
        if not found and refusal is not None:
            raise refusal
        return sorted(found, key=lambda candidate: len(candidate.ignored))

    def _headers(self, incoming: Incoming, context: Context) -> dict[str, str]:
        """Ids of sessions and end users are told apart by tenant, and say nothing about them."""
        given = incoming.headers
        headers = {"X-Request-ID": context.request_id, "Accept": given.get("accept", "application/json")}
        if incoming.body:
            headers["Content-Type"] = given.get("content-type", "application/json")
        if context.session:
            headers["X-Session-ID"] = self._seal.uuid("client session", context.principal.tenant, context.session)
        if client := client_id(self._seal, context, context.user):
            headers["X-Client-ID"] = client
        return headers

    async def _ask(
        self,
        service: Relay,
        method: str,
        incoming: Incoming,
        context: Context,
        candidate: _Candidate,
        headers: Mapping[str, str],
        trail: Trail,
    ) -> Relayed:
        method = "GET" if method == "HEAD" else method
        if not service.is_generation:
            url = service.url(incoming, candidate.account.base_url)
            return await retried(partial(_once, candidate, method, url, headers, trail), candidate.account)
        before = monotonic()
        account, slot = await candidate.account.place(context.principal.tenant, self._routes.plan.queue_timeout)
        trail.queued_seconds += monotonic() - before
        if account.id == candidate.account.id:  # else it does not know what the body names
            candidate = candidate._replace(account=account)
        once = partial(_once, candidate, method, service.url(incoming, candidate.account.base_url), headers, trail)
        try:
            answer = await retried(once, candidate.account, is_generation=True)
        except BaseException:
            slot.release()
            raise
        answer.hold(slot.release)
        return answer


async def _once(candidate: _Candidate, method: str, url: str, headers: Mapping[str, str], trail: Trail) -> Relayed:
    """Raises Failed for what another attempt may mend, and for what is not the client's fault."""
    trail.posts += 1
    before = monotonic()
    try:
        try:
            response, refuse_token = await candidate.account.send_to(method, url, headers, candidate.body)
        except GatewayError as error:
            raise Failed("no_token", error.problem) from error
        try:
            return await _answered(response, refuse_token, candidate)
        except BaseException:
            response.close()
            raise
    except TransportError as error:
        raise failed_transport(error) from error
    finally:
        trail.upstream_seconds += monotonic() - before


async def _answered(response: Response, refuse_token: Callable[[], None], candidate: _Candidate) -> Relayed:
    if not 200 <= response.status < 300:
        return await _refused(response, refuse_token)
    if candidate.ids is not None and response.headers.get("content-type", "").startswith("text/event-stream"):
        return await _begun(response, Stream(candidate.ids))
    return _whole(response, await response.read(), candidate)


async def _refused(response: Response, refuse_token: Callable[[], None]) -> Relayed:
    """The upstream's own words for what is wrong with the request."""
    data = await response.read(_ERROR_LIMIT)
    response.close()
    status = response.status
    problem = decode_error(status, response.headers, data)
    if status == 401:
        refuse_token()
    failed = failed_status(status, problem)
    if failed.cause != "refused" or (status == _REFUSED_CREDENTIAL and not _is_about_request(problem)):
        raise failed
    if problem.detail:  # a page of the front, which clients of the API cannot read
        data = encode_error(status, problem.message)
    return Relayed(status, "application/json", data, Usage())


def _is_about_request(problem: Problem) -> bool:
    """A 403 that speaks of the tariff (no balance, no such service), not of the credential."""
    return "permission denied" in problem.message.lower()


async def _begun(response: Response, stream: Stream) -> Relayed:
    first = b""
    while chunk := await response.chunk():
        try:
            first += stream.feed(chunk)
        except GatewayError as error:
            raise failed_inside(error.problem) from error
        if stream.problem is not None:
            raise failed_inside(stream.problem)
        if stream.begun:
            return Relayed.streaming(response, stream, first)
    raise Failed("empty", EMPTY)


def _whole(response: Response, data: bytes, candidate: _Candidate) -> Relayed:
    response.close()
    problem = problem_in(data)
    if problem is not None:
        raise failed_inside(problem)
    body = sealed(data, candidate.ids) if candidate.ids is not None else data
    return Relayed(response.status, response.headers.get("content-type", "application/json"), body, usage_in(data))
