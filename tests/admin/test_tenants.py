"""Tenants by the API, the audit, and the door to all of it."""

from typing import Any

import httpx
import msgspec
import pytest

from gigamost.admin.openapi import describe
from gigamost.core.errors import GatewayError
from tests.admin.conftest import MASTER, Desk


async def tenant(desk: Desk, **body: Any) -> Any:
    return await desk.call("POST", "/tenants", {"name": "acme"} | body, status=201)


async def test_a_tenant_is_found_by_id_and_by_name(desk: Desk) -> None:
    body = {"limits": {"rpm": 5}, "budget": {"amount": "10", "period": "total"}, "models": ["GigaChat-2"]}
    made = await tenant(desk, **body)
    assert made["limits"] == {"rpm": 5}
    assert made["budget"] == {"amount": "10.00", "currency": "RUB", "period": "total", "soft": None}
    assert await desk.call("GET", f"/tenants/{made['id']}") == made == await desk.call("GET", "/tenants/acme")
    listed = await desk.call("GET", "/tenants")
    assert [each["name"] for each in listed["data"]] == ["acme", "default"]


async def test_a_key_is_made_for_a_tenant_by_id_or_by_name(desk: Desk) -> None:
    made = await tenant(desk)
    for called in (made["id"], "acme"):
        key = await desk.call("POST", "/keys", {"name": "k", "tenant": called}, status=201)
        assert key["tenant_id"] == made["id"]
        assert desk.admitted(key["key"]).owner.name == "acme"


async def test_a_name_is_given_once(desk: Desk) -> None:
    await tenant(desk)
    assert (await desk.refused("POST", "/tenants", {"name": "acme"}))[0] == "name_taken"
    await tenant(desk, name="other")
    assert (await desk.refused("PATCH", "/tenants/other", {"name": "acme"}))[0] == "name_taken"


async def test_a_disabled_tenant_takes_its_keys_along(desk: Desk) -> None:
    await tenant(desk)
    key = (await desk.call("POST", "/keys", {"name": "k", "tenant": "acme"}, status=201))["key"]
    assert (await desk.call("PATCH", "/tenants/acme", {"disabled": True}))["disabled"] is True
    with pytest.raises(GatewayError, match="disabled"):
        desk.admitted(key)
    await desk.call("PATCH", "/tenants/acme", {"disabled": False})
    desk.admitted(key)
    assert (await desk.call("POST", "/tenants/acme/revoke"))["disabled"] is True


async def test_a_change_of_a_tenant_reaches_its_keys(desk: Desk) -> None:
    key = (await desk.call("POST", "/keys", {"name": "k"}, status=201))["key"]
    await desk.call("PATCH", "/tenants/default", {"limits": {"rpm": 7}, "defaults": {"system": "T"}})
    found = desk.admitted(key)
    assert (found.owner.rates.rpm, found.defaults.system) == (7, "T")


async def test_a_key_gets_no_more_than_its_tenant(desk: Desk) -> None:
    await tenant(desk, models=["GigaChat-2"], faces=["openai"])
    for scope, says in (({"models": ["GigaChat-2-Max"]}, "GigaChat-2-Max"), ({"faces": ["gemini"]}, "gemini")):
        code, message = await desk.refused("POST", "/keys", {"name": "k", "tenant": "acme"} | scope)
        assert (code, says in message) == ("exceeds_tenant", True)
    await desk.call("POST", "/keys", {"name": "k", "tenant": "acme", "models": ["GigaChat-2"]}, status=201)


async def test_a_tenant_of_the_configuration_keeps_its_id(desk: Desk) -> None:
    """What the keys of the configuration own stays theirs when their tenant gets a budget."""
    assert desk.admitted("gm-laptop").tenant == "family"
    made = await tenant(desk, name="family", budget={"amount": "5"})
    assert made["id"] == "family"
    found = desk.admitted("gm-laptop")
    assert found.tenant == "family"
    assert found.owner.budget is not None


async def test_every_change_is_in_the_audit_and_no_secret(desk: Desk) -> None:
    key = await desk.call("POST", "/keys", {"name": "k", "limits": {"rpm": 5}}, status=201)
    await desk.call("PATCH", f"/keys/{key['id']}", {"name": "new"})
    rotated = await desk.call("POST", f"/keys/{key['id']}/rotate", {"grace_seconds": 5})
    await desk.call("POST", f"/keys/{key['id']}/revoke")
    made = await tenant(desk)
    await desk.refused("PATCH", "/tenants/acme", {"name": 5})
    await desk.call("PATCH", "/tenants/acme", {"disabled": True})
    audit = await desk.call("GET", "/audit")
    assert {(each["action"], each["target"], each["actor"]) for each in audit["data"]} == {
        ("key.create", key["id"], "master key"),
        ("key.update", key["id"], "master key"),
        ("key.rotate", key["id"], "master key"),
        ("key.revoke", key["id"], "master key"),
        ("tenant.create", made["id"], "master key"),
        ("tenant.update", made["id"], "master key"),
    }
    assert len(audit["data"]) == 6
    details = {each["action"]: each["details"] for each in audit["data"]}
    assert details["key.update"] == {"name": "new"}
    assert details["key.create"]["limits"] == {"rpm": 5}
    said = msgspec.json.encode(audit).decode()
    assert key["key"] not in said
    assert rotated["key"] not in said
    page = await desk.call("GET", "/audit?limit=4")
    rest = await desk.call("GET", f"/audit?cursor={page['next_cursor']}")
    assert page["data"] + rest["data"] == audit["data"]


@pytest.mark.parametrize("path", ["/keys", "/tenants", "/nonsense", "", "/keys/x/revoke"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_nobody_else_gets_in(desk: Desk, method: str, path: str) -> None:
    key = (await desk.call("POST", "/keys", {"name": "k"}, status=201))["key"]
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {key}"}, 403),
        ({"x-api-key": "gm-laptop"}, 403),
        ({"Authorization": f"Bearer {MASTER[:-1]}"}, 401),
    ):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.admin)) as http:
            answer = await http.request(method, f"http://gateway/admin/api{path}?key={MASTER}", headers=headers)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"code", "message"}
        assert MASTER not in answer.text


async def test_routes_that_are_not_there(desk: Desk) -> None:
    assert (await desk.refused("GET", "/nonsense", status=404))[0] == "unknown_route"
    assert (await desk.refused("DELETE", "/keys", status=405))[1].endswith("use GET, POST.")
    assert (await desk.http.get("/keys/")).status_code == 200
    assert (await desk.http.head("/keys")).content == b""
    assert (await desk.http.post("/keys", content=b" " * (1024 * 1024 + 1))).status_code == 413


def test_every_route_is_described(desk: Desk) -> None:
    said = describe(desk.admin.routes)
    described = {(method.upper(), path) for path, methods in said["paths"].items() for method in methods}
    assert described == {(route.method, f"/admin/api{route.path}") for route in desk.admin.routes}
    names = [operation["operationId"] for methods in said["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    text = msgspec.json.encode(said).decode()
    for part in text.split('"$ref":"')[1:]:
        name = part.partition('"')[0].removeprefix("#/components/schemas/")
        assert name in said["components"]["schemas"]
    assert (
        "required"
        not in said["paths"]["/admin/api/keys/{id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    )
