"""Logins and sessions: who gets in, how often it may be tried, what ends a session, and pages of other origins."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from gigamost.auth.pages import HEADER
from gigamost.auth.sessions import COOKIE, IDLE, LONGEST
from gigamost.limits.attempts import BY_ADDRESS, BY_NAME, WINDOW
from tests.admin.conftest import MASTER, Desk, password_of

OWN = {HEADER: "1", "sec-fetch-site": "same-origin"}


async def status(http: httpx.AsyncClient, method: str = "GET", path: str = "/me", **options: Any) -> int:
    return (await http.request(method, path, **options)).status_code


def browser(desk: Desk, answer: httpx.Response, name: str = COOKIE) -> httpx.AsyncClient:
    """With the cookie of an answer, and no header that says who it is."""
    http = desk.client()
    http.cookies.set(name, answer.cookies[COOKIE])
    return http


async def test_a_login_is_a_token_and_a_cookie(desk: Desk) -> None:
    made = await desk.hire("anna", "operator")
    answer = await desk.try_login("Anna ", password_of("anna"))
    told = answer.json()
    assert told["token"].startswith("gms-")
    me = {"id": made["id"], "name": "anna", "role": "operator", "tenant_id": None, "expires_at": told["expires_at"]}
    assert told["administrator"] == me
    cookie = answer.headers["set-cookie"]
    assert cookie == f"{COOKIE}={told['token']}; Max-Age={LONGEST}; Path=/admin; HttpOnly; SameSite=Strict"
    assert (await desk.client(told["token"]).get("/me")).json() == me
    assert (await browser(desk, answer).get("/me")).json() == me
    assert (await desk.http.get("/me")).json() == {
        "id": None,
        "name": "master key",
        "role": "admin",
        "tenant_id": None,
        "expires_at": None,
    }


async def test_behind_https_the_cookie_is_for_https_alone(desk: Desk) -> None:
    await desk.hire("anna")
    answer = await desk.try_login("anna", password_of("anna"), **{"x-forwarded-proto": "https"})
    assert answer.headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", "wrong"),
        ("anna", ""),
        ("anna", password_of("anna") + " "),
        ("anna", password_of("bert")),
        ("nobody", password_of("anna")),
        ("", ""),
        ("no name at all", "x"),
        ("bert", password_of("bert")),
    ],
)
async def test_a_refused_login_says_nothing_about_the_reason(desk: Desk, name: str, password: str) -> None:
    """`bert` is disabled."""
    await desk.hire("anna")
    await desk.hire("bert")
    await desk.call("DELETE", "/administrators/bert")
    answer = await desk.try_login(name, password)
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "login_refused", "message": "The name or the password is wrong."}}
    assert "set-cookie" not in answer.headers


async def test_logging_out_ends_the_session(desk: Desk) -> None:
    await desk.hire("anna")
    first, second = await desk.login("anna"), await desk.login("anna")
    answer = await first.post("/logout")
    assert answer.status_code == 200
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Max-Age=0;")
    assert (await status(first), await status(second)) == (401, 200)


@pytest.mark.parametrize(
    "change",
    [
        ("PATCH", "/administrators/anna", {"role": "viewer"}),
        ("PATCH", "/administrators/anna", {"tenant": "default"}),
        ("PATCH", "/administrators/anna", {"disabled": True}),
        ("DELETE", "/administrators/anna", None),
        ("POST", "/administrators/anna/password", {"password": "a quite new password"}),
    ],
    ids=["role", "tenant", "disabled", "deleted", "password"],
)
async def test_what_ends_all_sessions_of_an_administrator(desk: Desk, change: tuple[str, str, Any]) -> None:
    await desk.hire("anna")
    await desk.hire("bert")
    anna, again, bert = await desk.login("anna"), await desk.login("anna"), await desk.login("bert")
    await desk.call(*change)
    assert [await status(each) for each in (anna, again, bert)] == [401, 401, 200]


async def test_a_change_that_changes_nothing_ends_nothing(desk: Desk) -> None:
    await desk.hire("anna")
    anna = await desk.login("anna")
    await desk.call("PATCH", "/administrators/anna", {"role": "admin"})
    assert await status(anna) == 200


async def test_a_session_has_an_end(desk: Desk) -> None:
    await desk.hire("anna")
    used, idle = await desk.login("anna"), await desk.login("anna")
    for _ in range(LONGEST // (IDLE - 60) - 1):
        desk.clock.now += IDLE - 60
        assert await status(used) == 200
    assert await status(idle) == 401
    desk.clock.now += LONGEST
    assert await status(used) == 401


@pytest.mark.parametrize("token", ["gms-", "gms-x", "gms-" + "A" * 43, "gms-ключ", "gms-" + "=" * 50, "gms-%00"])
async def test_a_token_that_was_not_made_here(desk: Desk, token: str) -> None:
    answer = await desk.client().get("/me", headers={b"x-api-key": token.encode()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "session_ended")


async def test_guessing_for_a_name_ends_in_a_lockout(desk: Desk) -> None:
    await desk.hire("anna")
    for at in range(BY_NAME):
        assert (await desk.try_login("anna", f"guess {at}", f"192.0.2.{at}")).status_code == 401
    answer = await desk.try_login("ANNA", password_of("anna"), "192.0.2.99")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_logins")
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW + 1
    assert await status(desk.http) == 200  # the master key goes on
    desk.clock.now += int(answer.headers["retry-after"]) + 1
    await desk.login("anna", "192.0.2.99")


async def test_guesses_at_the_same_time_are_no_more_than_guesses_in_a_row(desk: Desk) -> None:
    await desk.hire("anna")
    answers = await asyncio.gather(*(desk.try_login("anna", f"guess {at}", f"192.0.2.{at}") for at in range(100)))
    statuses = [answer.status_code for answer in answers]
    assert {status: statuses.count(status) for status in set(statuses)} == {401: BY_NAME, 429: 100 - BY_NAME}


async def test_guessing_from_an_address_ends_in_a_lockout(desk: Desk) -> None:
    await desk.hire("anna")
    for at in range(BY_ADDRESS):
        assert (await desk.try_login(f"name{at}", "guess", f"2001:db8::{at:x}")).status_code == 401
    assert (await desk.try_login("anna", password_of("anna"), "2001:db8::ffff")).status_code == 429
    assert (await desk.try_login("anna", password_of("anna"), "2001:db8:1::1")).status_code == 200


async def test_only_our_proxies_say_where_a_login_comes_from(desk: Desk) -> None:
    await desk.hire("anna")
    for at in range(BY_ADDRESS):
        said = {"x-forwarded-for": f"192.0.2.{at}"}
        assert (await desk.try_login(f"a{at}", "guess", "10.0.0.1", **said)).status_code == 401
        assert (await desk.try_login(f"b{at}", "guess", "198.51.100.1", **said)).status_code == 401
    right = password_of("anna")
    said = {"x-forwarded-for": "192.0.2.200"}
    assert (await desk.try_login("anna", right, "198.51.100.1", **said)).status_code == 429
    assert (await desk.try_login("anna", right, "10.0.0.1", **said)).status_code == 200


async def test_logins_that_succeed_are_not_counted(desk: Desk) -> None:
    await desk.hire("anna")
    for _ in range(BY_ADDRESS + 1):
        await desk.login("anna")


async def test_ones_own_password_needs_the_old_one(desk: Desk) -> None:
    await desk.hire("anna", "viewer")
    anna = await desk.login("anna")
    body = {"current": "wrong", "password": "a quite new password"}
    assert await status(anna, "POST", "/me/password", json=body) == 403
    body["current"] = password_of("anna")
    assert await status(anna, "POST", "/me/password", json=body | {"password": "short"}) == 400
    assert await status(anna, "POST", "/me/password", json=body) == 200
    assert await status(anna) == 401
    assert (await desk.try_login("anna", password_of("anna"))).status_code == 401
    anna = await desk.login("anna", password="a quite new password")
    body = {"current": "x", "password": "one more password"}
    tried = [await status(anna, "POST", "/me/password", json=body) for _ in range(BY_NAME)]
    assert set(tried) == {403, 429}
    assert tried[-1] == 429
    assert await status(desk.http, "POST", "/me/password", json=body) == 400


async def test_a_change_by_cookie_needs_a_page_of_our_own(desk: Desk) -> None:
    await desk.hire("anna")
    http = browser(desk, await desk.try_login("anna", password_of("anna")))
    new = {"name": "k"}
    here, there = "http://gateway", "http://gateway:3000"
    for headers, expected in (
        ({}, 403),
        ({"sec-fetch-site": "same-origin"}, 403),  # a form could do this
        ({HEADER: "1"}, 201),  # no browser: nothing says that it was another page
        ({HEADER: "1", "origin": here}, 201),
        ({HEADER: "1", "origin": there}, 403),
        ({HEADER: "1", "origin": "null"}, 403),
        ({HEADER: "1", "origin": "http://[broken"}, 403),
        ({HEADER: "1", "origin": "https://evil.example"}, 403),
        ({HEADER: "1", "sec-fetch-site": "same-origin", "origin": there}, 201),  # a proxy that changed `Host`
        ({HEADER: "1", "sec-fetch-site": "same-site", "origin": here}, 403),
        ({HEADER: "1", "sec-fetch-site": "cross-site"}, 403),
        ({HEADER: "1", "sec-fetch-site": "none"}, 403),
    ):
        assert await status(http, "POST", "/keys", json=new, headers=headers) == expected, headers
    assert await status(http, "PATCH", "/keys/x", json=new) == 403
    assert await status(http, "DELETE", "/administrators/x") == 403
    assert await status(http, "GET", "/keys", headers={"origin": "https://evil.example"}) == 200  # no page can read it
    assert await status(http, "POST", "/logout", headers=OWN) == 200


async def test_no_other_page_logs_somebody_in(desk: Desk) -> None:
    await desk.hire("anna")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert (await desk.try_login("anna", password_of("anna"), **headers)).status_code == 403
    assert (await desk.try_login("anna", password_of("anna"), **OWN)).status_code == 200


async def test_a_header_decides_and_a_cookie_does_not_help_it(desk: Desk) -> None:
    await desk.hire("anna")
    http = browser(desk, await desk.try_login("anna", password_of("anna")))
    assert await status(http, headers={"x-api-key": "gm-laptop"}) == 403
    assert await status(http, headers={"Authorization": "Bearer wrong"}) == 401
    assert await status(http, "POST", "/keys", json={"name": "k"}, headers={"Authorization": f"Bearer {MASTER}"}) == 201


async def test_the_cookies_name_is_all_that_counts(desk: Desk) -> None:
    await desk.hire("anna")
    answer = await desk.try_login("anna", password_of("anna"))
    assert await status(browser(desk, answer, "x" + COOKIE)) == 401
    assert await status(desk.client(), headers={"cookie": f"a=b; {COOKIE}={answer.json()['token']};c"}) == 200


async def test_no_password_and_no_token_is_told_anywhere(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await desk.hire("anna")
    anna = await desk.login("anna")
    await desk.try_login("anna", "a canary of guesses")
    await desk.try_login("a canary of guesses", "a canary of guesses")
    await desk.call("POST", "/administrators/anna/password", {"password": "a canary of passwords"})
    for body in ({"name": "b", "password": "a canary: short?" * 99, "role": "x"}, {"password": ["a canary"]}):
        answer = await desk.http.post("/administrators", json=body)
        assert answer.status_code == 400
        assert "canary" not in answer.text
    audit = (await desk.http.get("/audit")).text
    token = anna.headers["authorization"].removeprefix("Bearer ")
    kept = repr((desk.directory.administrators.all, desk.directory.sessions.all))
    for text in (password_of("anna"), "canary", token, token[4:24]):
        assert text not in audit + caplog.text + kept
    assert "a login as anna from 127.0.0.1 was refused" in caplog.text
    assert "a login as somebody unknown from" in caplog.text
    actions = [(each["action"], each["actor"]) for each in (await desk.call("GET", "/audit"))["data"]]
    assert ("administrator.login", "anna") in actions
    assert ("administrator.password", "master key") in actions
