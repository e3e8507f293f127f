"""Administrators: what each role may do, and that nobody makes or changes one above the own role or tenant."""

from typing import Any

import msgspec
import pytest

from gigamost.admin.application import Admin
from gigamost.admin.exchange import Answer, Asked, Route
from gigamost.admin.wire import Nothing
from gigamost.auth.passwords import LONGEST, SHORTEST, Cost, Passwords
from gigamost.core.secret import Secret
from tests.admin.conftest import PEPPER, Desk, password_of

GOOD = "long enough to be good"


async def asked(http: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = await http.request(method, path, json=body)
    return answer.status_code, answer.json()


async def test_an_administrator_from_the_first_to_the_last_day(desk: Desk) -> None:
    made = await desk.hire("Anna@Example.org", "operator")
    assert made == {
        "id": made["id"],
        "name": "anna@example.org",
        "role": "operator",
        "tenant_id": None,
        "disabled": False,
        "created_at": "2023-11-14T22:13:20Z",
    }
    assert await desk.call("GET", f"/administrators/{made['id']}") == made
    assert await desk.call("GET", "/administrators/anna@example.org") == made
    changed = await desk.call("PATCH", f"/administrators/{made['id']}", {"role": "viewer", "tenant": "default"})
    assert changed == made | {"role": "viewer", "tenant_id": "default"}
    assert await desk.call("PATCH", f"/administrators/{made['id']}", {"tenant": None}) == made | {"role": "viewer"}
    ended = await desk.call("DELETE", f"/administrators/{made['id']}")
    assert ended == made | {"role": "viewer", "disabled": True}
    assert await desk.call("DELETE", f"/administrators/{made['id']}") == ended
    listed = await desk.call("GET", "/administrators")
    assert listed == {"data": [ended], "next_cursor": None}
    assert (await desk.refused("POST", "/administrators", {"name": made["name"], "password": GOOD, "role": "viewer"}))[
        0
    ] == "name_taken"


async def test_pages(desk: Desk) -> None:
    ids = [(await desk.hire(f"name{at}"))["id"] for at in range(5)]
    page = await desk.call("GET", "/administrators?limit=3")
    rest = await desk.call("GET", f"/administrators?limit=3&cursor={page['next_cursor']}")
    assert {each["id"] for each in page["data"] + rest["data"]} == set(ids)
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": ""}, "name"),
        ({"name": "two words"}, "name: up to 64 letters"),
        ({"name": "анна"}, "name: up to 64 letters"),
        ({"name": "a" * 65}, "name"),
        ({"name": "-x"}, "name: up to 64 letters"),
        ({"name": "master key"}, "name: up to 64 letters"),
        ({"role": "king"}, "role"),
        ({"role": None}, "role"),
        ({"tenant": "nobody"}, "there is no tenant 'nobody'"),
        ({"password": "x" * (SHORTEST - 1)}, "12 to 256 characters"),
        ({"password": "abcde" * LONGEST}, "password"),
        ({"password": "aaaaaaaaaaaaaaa"}, "too few different"),
        ({"password": "Bert is my name"}, "must not have the name in it"),
        ({"pasword": "x"}, "did you mean password?"),
    ],
)
async def test_what_cannot_be_an_administrator(desk: Desk, given: dict[str, Any], says: str) -> None:
    _, message = await desk.refused(
        "POST", "/administrators", {"name": "bert", "password": GOOD, "role": "viewer"} | given
    )
    assert says in message
    password = given.get("password")
    assert password is None or password not in message


async def test_roles(desk: Desk) -> None:
    """GET for a viewer, what serves clients for an operator, administrators for an admin."""
    everybody = []
    await desk.hire("another", "viewer")
    for role in ("viewer", "operator", "admin"):
        await desk.hire(role, role)
        everybody.append(await desk.login(role))
    for method, path, body, expected in (
        ("GET", "/keys", None, [200, 200, 200]),
        ("GET", "/audit", None, [200, 200, 200]),
        ("POST", "/keys", {"name": "k"}, [403, 201, 201]),
        ("PATCH", "/tenants/default", {"limits": {"rpm": 5}}, [403, 200, 200]),
        ("GET", "/administrators", None, [403, 403, 200]),
        ("POST", "/administrators", {"name": "new", "password": GOOD, "role": "viewer"}, [403, 403, 201]),
        ("POST", "/administrators/another/password", {"password": GOOD}, [403, 403, 200]),
        ("DELETE", "/administrators/another", None, [403, 403, 200]),
    ):
        answers = [await asked(http, method, path, body) for http in everybody]
        for (status, told), wanted in zip(answers, expected, strict=True):
            assert status == wanted, (method, path, told)
            assert wanted != 403 or told["error"]["code"] == "role_too_low"
    said = (await everybody[1].get("/administrators")).json()["error"]["message"]
    assert said == "This needs the role admin; operator has the role operator."


async def test_a_role_takes_effect_at_the_next_login(desk: Desk) -> None:
    await desk.hire("anna", "viewer")
    anna = await desk.login("anna")
    assert (await anna.post("/keys", json={"name": "k"})).status_code == 403
    await desk.call("PATCH", "/administrators/anna", {"role": "operator"})
    assert (await anna.post("/keys", json={"name": "k"})).status_code == 401
    assert (await (await desk.login("anna")).post("/keys", json={"name": "k"})).status_code == 201


async def test_nobody_changes_the_own_account(desk: Desk) -> None:
    made = await desk.hire("anna")
    anna = await desk.login("anna")
    for method, path, body in (
        ("PATCH", f"/administrators/{made['id']}", {"tenant": "default"}),
        ("DELETE", "/administrators/anna", None),
        ("POST", "/administrators/anna/password", {"password": GOOD}),
    ):
        status, told = await asked(anna, method, path, body)
        assert (status, told["error"]["code"]) == (403, "own_account")
    assert (await anna.get("/me")).status_code == 200


async def test_whoever_is_confined_makes_only_those_who_are_confined_alike(desk: Desk) -> None:
    await desk.call("POST", "/tenants", {"name": "acme"}, status=201)
    acme = (await desk.call("GET", "/tenants/acme"))["id"]
    await desk.hire("chief", "admin", "acme")
    await desk.hire("free", "viewer")
    await desk.hire("stranger", "viewer", "default")
    chief = await desk.login("chief")
    new = {"password": GOOD, "role": "admin"}
    assert (await asked(chief, "POST", "/administrators", new | {"name": "one"}))[1]["tenant_id"] == acme
    assert (await asked(chief, "POST", "/administrators", new | {"name": "two", "tenant": "acme"}))[0] == 201
    for name in ("default", "nobody"):
        status, told = await asked(chief, "POST", "/administrators", new | {"name": "x", "tenant": name})
        assert (status, told["error"]["message"]) == (400, f"tenant: there is no tenant {name!r}.")
    assert (await asked(chief, "PATCH", "/administrators/one", {"tenant": None}))[0] == 403
    assert (await asked(chief, "PATCH", "/administrators/one", {"tenant": "default"}))[0] == 400
    assert (await asked(chief, "PATCH", "/administrators/one", {"role": "viewer"}))[0] == 200
    assert {each["name"] for each in (await chief.get("/administrators")).json()["data"]} == {"chief", "one", "two"}
    for name in ("free", "stranger", "nobody"):
        for method, path, body in (
            ("GET", f"/administrators/{name}", None),
            ("PATCH", f"/administrators/{name}", {"role": "admin"}),
            ("DELETE", f"/administrators/{name}", None),
            ("POST", f"/administrators/{name}/password", {"password": GOOD}),
        ):
            status, told = await asked(chief, method, path, body)
            assert (status, told["error"]["message"]) == (404, f"There is no administrator {name!r}.")


async def test_a_confined_one_sees_and_changes_only_what_is_the_tenants(desk: Desk) -> None:
    acme = (await desk.call("POST", "/tenants", {"name": "acme"}, status=201))["id"]
    theirs = await desk.call("POST", "/keys", {"name": "theirs"}, status=201)
    await desk.hire("olga", "operator", "acme")
    olga = await desk.login("olga")
    own = (await olga.post("/keys", json={"name": "own"})).json()
    assert own["tenant_id"] == acme
    assert (await asked(olga, "POST", "/keys", {"name": "k", "tenant": "acme"}))[0] == 201
    for name in ("default", "nobody"):
        status, told = await asked(olga, "POST", "/keys", {"name": "k", "tenant": name})
        assert (status, told["error"]["message"]) == (400, f"tenant: there is no tenant {name!r}: create it first.")
    assert {each["tenant_id"] for each in (await olga.get("/keys")).json()["data"]} == {acme}
    assert [each["id"] for each in (await olga.get("/tenants")).json()["data"]] == [acme]
    assert (await olga.get("/tenants?cursor=zzz")).json()["data"] == []
    for id_ in (theirs["id"], "nobody"):
        for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/revoke"), ("POST", "/rotate")):
            status, told = await asked(olga, method, f"/keys/{id_}{path}", {})
            assert (status, told["error"]["message"]) == (404, f"There is no key {id_!r}.")
    assert (await asked(olga, "POST", f"/keys/{own['id']}/rotate", {}))[0] == 200
    assert (await asked(olga, "GET", "/tenants/default"))[0] == (await asked(olga, "GET", "/tenants/nobody"))[0] == 404
    for method, path in (("POST", "/tenants"), ("PATCH", "/tenants/acme"), ("POST", "/tenants/acme/revoke")):
        status, told = await asked(olga, method, path, {"name": "x"})
        assert (status, told["error"]["code"]) == (403, "confined_to_tenant")
    audit = (await olga.get("/audit")).json()["data"]
    assert {each["target"] for each in audit} >= {acme, own["id"]}
    assert theirs["id"] not in msgspec.json.encode(audit).decode()
    assert (await desk.call("GET", f"/keys/{theirs['id']}"))["state"] == "active"


async def test_a_route_that_says_nothing_is_refused_to_confined_ones_and_changes_need_an_operator(desk: Desk) -> None:
    """What a route gets that was written without a thought of roles and tenants."""

    async def served(asked: Asked) -> Answer:
        return Answer({"tenant": asked.tenant, "actor": asked.actor})

    for method in ("GET", "POST"):
        new = Route(method, "/new", served, "New.", Nothing)
        desk.admin = Admin((*desk.admin.routes, new), desk.entry)
    for name, role, tenant in (("olga", "admin", "default"), ("vera", "viewer", None), ("otto", "operator", None)):
        await desk.hire(name, role, tenant)
    olga, vera, otto = [await desk.login(name) for name in ("olga", "vera", "otto")]
    assert [(await each.get("/new")).status_code for each in (olga, vera, otto)] == [403, 200, 200]
    assert [(await each.post("/new")).status_code for each in (olga, vera, otto)] == [403, 403, 200]
    assert (await otto.get("/new")).json() == {"tenant": None, "actor": "otto"}


async def test_a_former_password_that_hangs_on_an_older_secret_is_kept_anew(desk: Desk) -> None:
    await desk.hire("anna")
    (id_, found), *_ = desk.directory.administrators.all.items()
    cheaper = Passwords(bytes(32), cost=Cost(n=4, r=1, p=1))
    old = cheaper.keep(Secret(password_of("anna")), bytes(16))
    desk.directory.administrators.all[id_] = msgspec.structs.replace(found, password=old)
    assert (await desk.try_login("anna", password_of("anna"))).status_code == 401  # nobody has that key any more
    kept = Passwords(PEPPER, cost=Cost(n=4, r=1, p=1)).keep(Secret(password_of("anna")), bytes(16))
    desk.directory.administrators.all[id_] = msgspec.structs.replace(found, password=kept)
    anna = await desk.login("anna")
    now = desk.directory.administrators.all[id_].password
    assert now.startswith("scrypt$2$1$1$")
    assert (await anna.get("/me")).status_code == 200
    await desk.login("anna")
    assert desk.directory.administrators.all[id_].password == now
