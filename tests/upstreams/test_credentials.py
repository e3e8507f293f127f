"""Credential flows without I/O: what is asked, and what is made of every kind of answer."""

import base64
import json

import pytest

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import AccessToken, Credential
from gigamost.upstreams.credentials.basic_token import BasicToken
from gigamost.upstreams.credentials.client import ClientCredentials
from gigamost.upstreams.credentials.faults import TokenFault
from gigamost.upstreams.credentials.gigachat_oauth import OAUTH_URL, GigaChatOAuth
from gigamost.upstreams.credentials.key import authorization_key, clean_key, fault_in_key
from gigamost.upstreams.credentials.mtls import ClientCertificate
from gigamost.upstreams.credentials.static import Static
from gigamost.upstreams.http import HttpAnswer, HttpRequest

ID, SECRET = "11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
KEY = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
JWE = "eyJjdHkiOiJqd3QifQ.a.b.c.d"
NOW = 1_700_000_000.0
OAUTH = GigaChatOAuth(Secret(KEY))
CLIENTS = ClientCredentials("https://api.example/v1/token")


def asked(credential: Credential) -> HttpRequest:
    return next(credential.flow(lambda: NOW, lambda: "request-id"))


def told(credential: Credential, status: int, body: bytes, headers: dict[str, str] | None = None) -> AccessToken:
    flow = credential.flow(lambda: NOW, lambda: "request-id")
    next(flow)
    with pytest.raises(StopIteration) as end:
        flow.send(HttpAnswer(status, headers or {}, body))
    token = end.value.value
    assert isinstance(token, AccessToken)
    return token


def refused(credential: Credential, status: int, body: bytes, headers: dict[str, str] | None = None) -> Problem:
    with pytest.raises(GatewayError) as caught:
        told(credential, status, body, headers)
    return caught.value.problem


def test_oauth_asks_as_documented() -> None:
    request = asked(GigaChatOAuth(Secret(KEY), "GIGACHAT_API_CORP"))
    headers = dict(request.headers)
    assert (request.method, request.url) == ("POST", "https://ngw.devices.sberbank.ru:9443/api/v2/oauth")
    assert request.body == b"scope=GIGACHAT_API_CORP"
    assert headers["Authorization"] == f"Basic {KEY}"
    assert headers["RqUID"] == "request-id"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"]


def test_password_asks_with_basic() -> None:
    request = asked(BasicToken("иван", Secret("p:w"), "https://host/api/v1/token"))
    assert (request.method, request.url, request.body) == ("POST", "https://host/api/v1/token", b"")
    scheme, _, pair = dict(request.headers)["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(pair).decode() == "иван:p:w"


def test_certificate_asks_nobody_or_asks_without_a_key() -> None:
    with pytest.raises(StopIteration) as end:
        asked(ClientCertificate(b"pem"))
    assert end.value.value == AccessToken(None)
    request = asked(ClientCertificate(b"pem", OAUTH_URL, "GIGACHAT_API_CORP"))
    assert request.body == b"scope=GIGACHAT_API_CORP"
    assert "Authorization" not in dict(request.headers)


def test_static_token_asks_nobody() -> None:
    with pytest.raises(StopIteration) as end:
        asked(Static(Secret(JWE), NOW + 5))
    assert end.value.value == AccessToken(Secret(JWE), NOW + 5)


@pytest.mark.parametrize(
    ("body", "expires_at"),
    [
        ({"access_token": JWE, "expires_at": 1_739_784_663_483}, 1_739_784_663.483),
        ({"access_token": JWE, "expires_at": 1_739_784_663}, 1_739_784_663.0),
        ({"tok": JWE, "exp": 1_780_323_654}, 1_780_323_654.0),
        ({"tok": JWE, "exp": 1_780_323_654_000}, 1_780_323_654.0),
        ({"access_token": JWE, "expires_at": None}, None),
        ({"access_token": JWE, "token_type": "bearer"}, None),
    ],
)
def test_both_shapes_and_both_units_are_read(body: dict[str, object], expires_at: float | None) -> None:
    assert told(OAUTH, 200, json.dumps(body).encode()) == AccessToken(Secret(JWE), expires_at)


@pytest.mark.parametrize(
    ("status", "code", "fault", "hint"),
    [
        (400, 1, TokenFault.SCOPE_REFUSED, "GIGACHAT_API_B2B"),
        (400, 4, TokenFault.KEY_UNREADABLE, "GIGACHAT_CREDENTIALS"),
        (401, 4, TokenFault.KEY_UNREADABLE, "GIGACHAT_CREDENTIALS"),
        (400, 5, TokenFault.SCOPE_REFUSED, "GIGACHAT_SCOPE"),
        (401, 6, TokenFault.KEY_REFUSED, "GIGACHAT_CREDENTIALS"),
        (400, 7, TokenFault.SCOPE_REFUSED, "GIGACHAT_API_CORP"),
        (401, 7, TokenFault.SCOPE_REFUSED, "GIGACHAT_API_PERS"),
        (400, 2, TokenFault.REQUEST_REFUSED, "GIGACHAT_AUTH_URL"),
        (429, 0, TokenFault.RATE_LIMITED, "10 requests a second"),
    ],
)
def test_refusals_say_whom_to_ask_and_what_to_set(status: int, code: int, fault: TokenFault, hint: str) -> None:
    problem = refused(OAUTH, status, json.dumps({"code": code, "message": "as it says"}).encode())
    assert problem.kind is Kind.UPSTREAM_FAILED
    assert problem.code == fault.value
    assert hint in problem.detail
    assert "as it says" in problem.detail
    assert "GIGACHAT_" not in problem.message


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (401, b"", TokenFault.KEY_REFUSED),
        (401, b'{"status":401,"message":"Unauthorized"}\n', TokenFault.KEY_REFUSED),
        (403, b"<html><h1>403 Forbidden</h1></html>", TokenFault.FORBIDDEN),
        (403, b'{"message": "Unauthorized"}', TokenFault.FORBIDDEN),
        (404, b"<html></html>", TokenFault.REQUEST_REFUSED),
        (302, b"", TokenFault.REQUEST_REFUSED),
        (400, b'["code"]', TokenFault.REQUEST_REFUSED),
        (400, b'{"code": {}}', TokenFault.REQUEST_REFUSED),
        (400, b"\xff\xfe{", TokenFault.REQUEST_REFUSED),
        (500, b'{"code":6,"message":"x"}', TokenFault.FAILED),
        (502, b"<html>Bad Gateway</html>", TokenFault.FAILED),
        (504, b"", TokenFault.FAILED),
        (200, b"", TokenFault.ANSWER_UNREADABLE),
        (200, b"<html>Welcome to the airport</html>", TokenFault.ANSWER_UNREADABLE),
        (200, b"[]", TokenFault.ANSWER_UNREADABLE),
        (200, b"{}", TokenFault.ANSWER_UNREADABLE),
        (200, b'{"access_token":""}', TokenFault.ANSWER_UNREADABLE),
        (200, b'{"access_token":null}', TokenFault.ANSWER_UNREADABLE),
        (200, b'{"access_token":7}', TokenFault.ANSWER_UNREADABLE),
        (200, b'{"access_token":"a\\r\\nX-Evil: 1"}', TokenFault.ANSWER_UNREADABLE),
        (200, b'{"access_token":"a","expires_at":"soon"}', TokenFault.ANSWER_UNREADABLE),
        (200, b'{"access_token":"a","expires_at":1600000000000}', TokenFault.CLOCK_WRONG),
    ],
)
def test_no_answer_is_mistaken_for_a_token(status: int, body: bytes, fault: TokenFault) -> None:
    problem = refused(OAUTH, status, body)
    assert problem.code == fault.value
    assert problem.status == 502


def test_retry_after_is_kept_when_it_is_seconds() -> None:
    assert refused(OAUTH, 429, b"", {"retry-after": "3"}).retry_after == 3.0
    assert refused(OAUTH, 429, b"", {"retry-after": "-1"}).retry_after is None


def test_no_secret_is_quoted() -> None:
    echo = f"you sent Basic {KEY}".encode()
    problem = refused(OAUTH, 400, echo)
    assert KEY not in problem.detail + problem.message
    password = BasicToken("user", Secret("hunter22"), "https://host/token")
    pair = dict(asked(password).headers)["Authorization"].removeprefix("Basic ")
    problem = refused(password, 400, f"{pair} hunter22".encode())
    assert pair not in problem.detail
    assert "hunter22" not in problem.detail
    unknown_shape = refused(OAUTH, 200, json.dumps({"token": JWE}).encode())
    assert JWE not in unknown_shape.detail
    assert KEY not in repr(OAUTH)


def test_ids_tell_credentials_apart() -> None:
    credentials: list[Credential] = [
        OAUTH,
        GigaChatOAuth(Secret(KEY), "GIGACHAT_API_CORP"),
        GigaChatOAuth(Secret(KEY), url="https://other/oauth"),
        GigaChatOAuth(Secret(KEY), owner="client"),
        GigaChatOAuth(authorization_key("other", Secret("key"))),
        BasicToken("u", Secret("p"), "https://host/token"),
        BasicToken("u", Secret("q"), "https://host/token"),
        BasicToken("u", Secret("p"), "https://host/token", owner="client"),
        Static(Secret(JWE)),
        Static(Secret(JWE), owner="client"),
        ClientCertificate(b"pem"),
        ClientCertificate(b"other pem"),
        ClientCertificate(b"pem", OAUTH_URL),
    ]
    ids = {credential.id for credential in credentials}
    assert len(ids) == len(credentials)
    assert all(len(one) == 64 and int(one, 16) >= 0 for one in ids)
    assert OAUTH.id == GigaChatOAuth(Secret(KEY)).id


def test_authorization_key_is_base64_of_both() -> None:
    assert authorization_key(f" {ID} ", Secret(f"{SECRET}\n")) == Secret(KEY)


@pytest.mark.parametrize(
    "text", [KEY, f" {KEY}\n", f'"{KEY}"', f"'{KEY}'", f"Basic {KEY}", f'"basic {KEY} "', KEY.rstrip("=")]
)
def test_what_is_copied_along_with_a_key_is_taken_off(text: str) -> None:
    assert clean_key(text) == KEY
    assert fault_in_key(clean_key(text)) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        (ID, "client id and the secret"),
        (JWE, "access token"),
        (f"{ID}:{SECRET}", "Base64 of both"),
        ("<your key>", "spaces"),
        ("ключ-авторизации", "not Base64"),
        ("sk-1234_5678", "not Base64"),
        ("abcde", "not Base64"),
        (base64.b64encode(b"no colon here").decode(), "client_id:client_secret"),
        (base64.b64encode(b"id:").decode(), "client_id:client_secret"),
        (base64.b64encode(b":secret").decode(), "client_id:client_secret"),
        (base64.b64encode(b"\xff\xfe\xfd:").decode(), "client_id:client_secret"),
    ],
)
def test_what_cannot_be_a_key_is_named(text: str, fault: str) -> None:
    said = fault_in_key(clean_key(text))
    assert said is not None
    assert fault in said


@pytest.mark.parametrize(
    ("authorization", "credential"),
    [
        (KEY, GigaChatOAuth(Secret(KEY), owner="client")),
        (f"Bearer {KEY}", GigaChatOAuth(Secret(KEY), owner="client")),
        (f"Basic {KEY}", GigaChatOAuth(Secret(KEY), owner="client")),
        (f"bearer giga-cred-{KEY}", GigaChatOAuth(Secret(KEY), owner="client")),
        (f"Bearer giga-cred-{KEY}:GIGACHAT_API_B2B", GigaChatOAuth(Secret(KEY), "GIGACHAT_API_B2B", owner="client")),
        (f"giga-auth-{JWE}", Static(Secret(JWE), owner="client")),
        ("Bearer giga-user-me:pass:word", BasicToken("me", Secret("pass:word"), CLIENTS.token_url, "client")),
    ],
)
def test_clients_forms_are_read(authorization: str, credential: Credential) -> None:
    assert CLIENTS.read(authorization) == credential


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer ",
        "Bearer gm-key-of-the-gateway",
        f"Bearer {JWE}",
        "giga-cred-",
        f"giga-cred-{KEY}:",
        f"giga-cred-{KEY}:A&B",
        "giga-auth-",
        "giga-auth-a b",
        "giga-user-me",
        "giga-user-:password",
        "giga-user-me:\udcff",
        KEY * 1000,
    ],
)
def test_other_forms_are_401_with_the_forms_and_without_the_value(authorization: str) -> None:
    with pytest.raises(GatewayError) as caught:
        CLIENTS.read(authorization)
    problem = caught.value.problem
    assert problem.kind is Kind.UNAUTHENTICATED
    for form in ("giga-cred-", "giga-auth-", "giga-user-", "Base64"):
        assert form in problem.message
    assert KEY not in problem.message
    assert JWE not in problem.message


def test_clients_refused_credential_is_its_own_fault() -> None:
    own = CLIENTS.read(KEY)
    assert refused(own, 401, b'{"code":6,"message":"credentials doesn\'t match db data"}').status == 401
    assert refused(own, 403, b"").status == 403
    assert refused(own, 429, b"").status == 429
    assert refused(own, 503, b"").status == 502
