"""The page of webhooks says what is there, the same in both languages. Its code is what the other tests check with."""

import base64
import hmac
import json
import re

import pytest

from gigamost.admin.application import PREFIX
from gigamost.admin.webhook_routes import webhook_routes
from gigamost.admin.webhooks import MOST, Webhooks
from gigamost.core.accounting import Refusal
from gigamost.core.jobs import Job, Plan
from gigamost.core.notices import KINDS
from gigamost.core.tenancy import Budget, Key
from gigamost.notices import batches, budgets, certificates, expiry, upstreams
from gigamost.notices.retries import MOST_WAITING
from gigamost.notices.upstreams import Seen
from gigamost.telling.sender import OWN_NETWORK
from tests.telling.documented import PAGES, blocks, verify

ENGLISH, RUSSIAN = (page.read_text(encoding="utf-8") for page in PAGES)
NOW = 1_700_000_000
SEEN = Seen("a", "gigachat", False, "failed", None, "")


def codes(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)))


def test_both_languages_show_the_same() -> None:
    assert blocks(PAGES[0], "[a-z]*") == blocks(PAGES[1], "[a-z]*")
    assert codes(ENGLISH) == codes(RUSSIAN)
    assert ENGLISH.count("\n## ") == RUSSIAN.count("\n## ")
    assert ENGLISH.count("\n|") == RUSSIAN.count("\n|")


def test_every_event_is_in_the_table() -> None:
    assert tuple(re.findall(r"^\| `(\w+\.\w+)` \|", ENGLISH, re.MULTILINE)) == KINDS


def test_the_data_of_the_examples_is_what_is_sent() -> None:
    first, *others = [json.loads(block) for block in blocks(PAGES[0], "json")]
    purse = budgets.Purse("key:k", "n", "t", Budget(2, soft=1), 0, None)
    refusal = Refusal("key:k", "month", 1, 0, 2)
    job = Job("b", "openai", "t", Plan("k", "n", "openai", "/"), 1, 2)
    key = Key("k", "n", "t", b"", "gm-", 0, expires=NOW + 60)
    (budget,) = budgets.exhausted([purse], [refusal], str)
    found = [
        next(expiry.keys([key], NOW)),
        next(upstreams.down([SEEN])),
        upstreams.up("a", SEEN),
        next(upstreams.troubled([SEEN])),
        next(certificates.troubled([certificates.Checked("u", "f", NOW + 60)], NOW)),
        batches.done(job, "completed", NOW),
    ]
    assert set(first) == {"id", "type", "timestamp", "tenant_id", "data"}
    assert list(first["data"]) == list(budget.data)
    assert [set(each) for each in others] == [set(each.data) for each in found]


def test_every_call_is_in_the_table() -> None:
    calls = {f"{each.method} {PREFIX}{each.path}" for each in webhook_routes(Webhooks.__new__(Webhooks))}
    assert calls == {code for code in codes(ENGLISH) if re.match("[A-Z]+ /", code)}


@pytest.mark.parametrize("text", [ENGLISH, RUSSIAN])
def test_numbers(text: str) -> None:
    numbers = set(re.findall(r"\d+", text))
    assert {str(MOST), str(MOST_WAITING)} <= numbers
    assert {str(each) for each in OWN_NETWORK if each.version == 4} <= set(re.findall(r"[\d.]+/\d+", text))


def test_the_receivers_code_takes_what_is_signed_by_hand() -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(24))).decode()
    signed = hmac.digest(bytes(range(24)), b'n.1000.{"a":1}', "sha256")
    headers = {
        "webhook-id": "n",
        "webhook-timestamp": "1000",
        "webhook-signature": "v1,AAAA v1," + base64.b64encode(signed).decode(),
    }
    assert verify(secret, headers, b'{"a":1}', 1300.0) == {"a": 1}
    with pytest.raises(ValueError, match="too old"):
        verify(secret, headers, b'{"a":1}', 1300.1)
    with pytest.raises(ValueError, match="signature"):
        verify(secret, headers | {"webhook-signature": "v1,AAAA"}, b'{"a":1}', 1000.0)
