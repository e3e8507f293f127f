"""Keys by the API: made, shown, changed, ended, and what is refused about them."""

from typing import Any

import pytest

from gigamost.core.errors import GatewayError
from tests.admin.conftest import NOW, Desk

FULL = {
    "name": "ci",
    "models": ["gpt-*", "GigaChat-2"],
    "faces": ["openai"],
    "addresses": ["10.0.0.0/8"],
    "limits": {"rpm": 60, "rpd": 1000, "tpm": 10_000, "tpd": 100_000, "concurrency": 4},
    "budget": {"amount": "1000.00", "currency": "RUB", "period": "month", "soft": "800.5"},
    "defaults": {"system": "Be brief.", "keeps_responses": False},
    "expires_at": "2027-01-31T15:00:00+03:00",
    "pass_token": True,
}


async def made(desk: Desk, **body: Any) -> Any:
    return await desk.call("POST", "/keys", {"name": "one"} | body, status=201)


async def test_a_new_key_opens_the_door_at_once(desk: Desk) -> None:
    key = await made(desk)
    assert key["key"].startswith("gm-")
    assert key["prefix"] == key["key"][:10]
    assert (key["tenant_id"], key["state"], key["created_at"]) == ("default", "active", "2023-11-14T22:13:20Z")
    assert desk.admitted(key["key"]).key_id == key["id"]


async def test_everything_that_was_said_is_shown_again_but_for_the_key(desk: Desk) -> None:
    created = await made(desk, **FULL)
    shown = await desk.call("GET", f"/keys/{created['id']}")
    assert created == shown | {"key": created["key"]}
    assert shown["budget"] == {"amount": "1000.00", "currency": "RUB", "period": "month", "soft": "800.50"}
    assert shown["expires_at"] == "2027-01-31T12:00:00Z"
    for name in ("name", "models", "faces", "addresses", "limits", "defaults", "pass_token"):
        assert shown[name] == FULL[name]
    listed = await desk.call("GET", "/keys")
    assert listed == {"data": [shown], "next_cursor": None}


async def test_what_is_kept_cannot_be_used_as_a_key(desk: Desk) -> None:
    """S6: neither the key nor its digest in any spelling."""
    key = (await made(desk, **FULL))["key"]
    roll = await desk.directory.roll()
    (kept,) = roll.keys
    assert key not in repr(roll)
    for text in (kept.digest.hex(), kept.digest.decode("latin-1"), kept.prefix, kept.id):
        with pytest.raises(GatewayError):
            desk.admitted(text)


@pytest.mark.parametrize("moment", [1_800_000_000, 1_800_000_000.5, "2027-01-15T08:00:00Z", "2027-01-15T08:00:00"])
async def test_a_moment_is_a_text_or_seconds(desk: Desk, moment: object) -> None:
    assert (await made(desk, expires_at=moment))["expires_at"] == "2027-01-15T08:00:00Z"


async def test_a_key_ends_when_it_expires(desk: Desk) -> None:
    key = await made(desk, expires_at=NOW + 60)
    desk.admitted(key["key"])
    desk.clock.now += 60
    with pytest.raises(GatewayError, match="expired"):
        desk.admitted(key["key"])
    assert (await desk.call("GET", f"/keys/{key['id']}"))["state"] == "expired"


async def test_a_patch_changes_what_it_names(desk: Desk) -> None:
    key = await made(desk, **FULL)
    path = f"/keys/{key['id']}"
    patch = {"limits": {"rpm": 5, "tpd": None}, "budget": {"amount": "2000"}, "expires_at": None, "models": []}
    changed = await desk.call("PATCH", path, patch)
    del key["key"]
    assert changed == key | {
        "limits": {"rpm": 5, "rpd": 1000, "tpm": 10_000, "concurrency": 4},
        "budget": {"amount": "2000.00", "currency": "RUB", "period": "month", "soft": "800.50"},
        "expires_at": None,
        "models": [],
    }
    assert await desk.call("GET", path) == changed
    assert (await desk.call("PATCH", path, {"budget": None, "defaults": None}))["budget"] is None
    assert await desk.call("PATCH", path, {}) == await desk.call("GET", path)


async def test_a_revoked_key_is_refused_at_once(desk: Desk) -> None:
    key = await made(desk)
    revoked = await desk.call("POST", f"/keys/{key['id']}/revoke")
    assert (revoked["state"], revoked["revoked_at"]) == ("revoked", "2023-11-14T22:13:20Z")
    with pytest.raises(GatewayError, match="revoked"):
        desk.admitted(key["key"])
    desk.clock.now += 60
    assert await desk.call("POST", f"/keys/{key['id']}/revoke", {}) == revoked
    code, message = await desk.refused("POST", f"/keys/{key['id']}/rotate")
    assert (code, "revoked" in message) == ("key_ended", True)


async def test_a_rotated_key_has_two_texts_for_a_while(desk: Desk) -> None:
    key = await made(desk, **FULL | {"pass_token": False, "addresses": []})
    rotated = await desk.call("POST", f"/keys/{key['id']}/rotate", {"grace_seconds": 60})
    assert set(rotated) == {"id", "key", "prefix", "old_expires_at"}
    assert (rotated["id"], rotated["old_expires_at"]) == (key["id"], "2023-11-14T22:14:20Z")
    assert rotated["key"] != key["key"]
    assert desk.admitted(rotated["key"]) == desk.admitted(key["key"])
    desk.clock.now += 60
    desk.admitted(rotated["key"])
    with pytest.raises(GatewayError, match="replaced"):
        desk.admitted(key["key"])
    again = await desk.call("POST", f"/keys/{key['id']}/rotate")
    with pytest.raises(GatewayError):
        desk.admitted(rotated["key"])
    desk.admitted(again["key"])


async def test_a_revocation_ends_the_grace_too(desk: Desk) -> None:
    key = await made(desk)
    rotated = await desk.call("POST", f"/keys/{key['id']}/rotate", {"grace_seconds": 3600})
    await desk.call("POST", f"/keys/{key['id']}/revoke")
    for text in (key["key"], rotated["key"]):
        with pytest.raises(GatewayError):
            desk.admitted(text)


async def test_lists_come_in_pages(desk: Desk) -> None:
    ids = []
    for _ in range(5):
        ids.append((await made(desk))["id"])
        desk.clock.now += 1
    found: list[list[str]] = []
    query = "limit=2"
    while query:
        page = await desk.call("GET", f"/keys?{query}")
        found.append([key["id"] for key in page["data"]])
        query = f"limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert found == [ids[:2:-1], ids[2:0:-1], ids[:1]]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"nmae": "x"}, "nmae: there is no such thing here: did you mean name?"),
        ({"name": "x", "limits": {"rpmm": 1}}, "limits.rpmm: there is no such thing here: did you mean rpm?"),
        ({"name": "x", "budget": {"amout": "1"}}, "budget.amout: there is no such thing here: did you mean amount?"),
        ({"name": "x", "tennant": "y"}, "tennant: there is no such thing here: did you mean tenant?"),
        ({"name": "x", "faces": ["opnai"]}, "faces[0]: opnai: there is no such thing here: did you mean openai?"),
        ({"name": "x", "key": "gm-mine"}, "key: there is no such thing here"),
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "tenant": "nobody"}, "tenant: there is no tenant 'nobody'"),
        ({"name": "x", "limits": {"rpm": 0}}, "limits.rpm"),
        ({"name": "x", "limits": {"rpm": -1}}, "limits.rpm"),
        ({"name": "x", "limits": {"rpm": 1.5}}, "limits.rpm"),
        ({"name": "x", "limits": {"rpm": "5"}}, "limits.rpm"),
        ({"name": "x", "limits": {"concurrency": 10**16}}, "limits.concurrency"),
        ({"name": "x", "limits": []}, "limits"),
        ({"name": "x", "budget": {"amount": 1000}}, "budget.amount"),
        ({"name": "x", "budget": {"amount": "1e3"}}, "budget.amount: '1e3' is no amount"),
        ({"name": "x", "budget": {"amount": "-5"}}, "budget.amount"),
        ({"name": "x", "budget": {"amount": "1.1234567"}}, "budget.amount"),
        ({"name": "x", "budget": {}}, "amount"),
        ({"name": "x", "budget": {"amount": "5", "period": "week"}}, "budget.period"),
        ({"name": "x", "budget": {"amount": "5", "currency": "USD"}}, "budget.currency"),
        ({"name": "x", "budget": {"amount": "5", "soft": "6"}}, "budget.soft"),
        ({"name": "x", "expires_at": "tomorrow"}, "expires_at: 'tomorrow'"),
        ({"name": "x", "expires_at": -1}, "expires_at"),
        ({"name": "x", "expires_at": 1e300}, "expires_at"),
        ({"name": "x", "expires_at": True}, "expires_at"),
        ({"name": "x", "addresses": ["10.0.0.1/8"]}, "addresses[0]"),
        ({"name": "x", "addresses": ["nowhere"]}, "addresses[0]"),
        ({"name": "x", "models": [""]}, "models[0]"),
        ({"name": "x", "models": "gpt-*"}, "models"),
        ({"name": "x", "pass_token": "yes"}, "pass_token"),
        ({"name": "x", "defaults": {"sistem": "y"}}, "defaults.sistem"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_by_field(desk: Desk, body: object, says: str) -> None:
    _, message = await desk.refused("POST", "/keys", body)
    assert message.startswith(says) or says in message
    assert (await desk.call("GET", "/keys"))["data"] == []
    assert await desk.directory.revision() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"name": NaN}', b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(desk: Desk, body: bytes) -> None:
    answer = await desk.http.post("/keys", content=body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ({"tenant": "default"}, "tenant"),
        ({"id": "x"}, "id"),
        ({"name": None}, "name"),
        ({"budget": {"soft": "5"}}, "amount"),
        ({"limits": {"rmp": 5}}, "limits.rmp: there is no such thing here: did you mean rpm?"),
        ({"limits": 5}, "limits"),
    ],
)
async def test_a_patch_that_is_wrong_changes_nothing(desk: Desk, patch: object, says: str) -> None:
    key = await made(desk)
    before = await desk.call("GET", f"/keys/{key['id']}")
    _, message = await desk.refused("PATCH", f"/keys/{key['id']}", patch)
    assert says in message
    assert await desk.call("GET", f"/keys/{key['id']}") == before


async def test_what_is_not_there_is_a_404(desk: Desk) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/revoke"), ("POST", "/rotate")):
        code, message = await desk.refused(method, f"/keys/key_x{path}", {}, status=404)
        assert code == "not_found"
        assert "key_x" in message
    code, message = await desk.refused("GET", "/keys/config_0123", status=404)
    assert "configuration" in message


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "limit=-1", "limit=1e1", "limit=²", "page=2"])
async def test_a_query_that_is_wrong_is_refused(desk: Desk, query: str) -> None:
    assert query.partition("=")[0] in (await desk.refused("GET", f"/keys?{query}"))[1]
