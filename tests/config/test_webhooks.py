"""Webhooks of the configuration: what is refused before anything starts."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from gigamost.config import ConfigError, Settings, load

SECRET = "whsec_" + "c2VjcmV0" * 5
URL = "https://ops.example/gigamost"


def loaded(folder: Path, mode: str = "dev", *, private: bool = False, **webhook: Any) -> Settings:
    document = {
        "mode": mode,
        "master_key": "the master key of the tests",
        "webhooks_allow_private": private,
        "webhooks": [{"url": URL, **webhook}],
    }
    (folder / "gigamost.yaml").write_text(yaml.safe_dump(document))
    return load(environ={"HOME": str(folder)}, folder=folder)


def refused(folder: Path, *more: Any, **webhook: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, *more, **webhook)
    (problem,) = caught.value.problems
    assert "\n" not in problem
    assert SECRET not in problem
    return problem


def test_a_whole_one(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "prod", secret=SECRET, events=["budget.soft", "batch.done"])
    (webhook,) = settings.webhooks
    assert (webhook.url, webhook.events) == (URL, ("budget.soft", "batch.done"))
    assert webhook.secret is not None
    assert webhook.secret.reveal() == SECRET
    assert SECRET not in msgspec.json.encode(webhook, enc_hook=repr).decode()
    assert settings.warnings == ()


@pytest.mark.parametrize("webhook", [{}, {"secret": None}, {"secret": ""}])
def test_prod_wants_a_secret(tmp_path: Path, webhook: dict[str, Any]) -> None:
    """S8."""
    assert "secret" in refused(tmp_path, "prod", **webhook)


def test_dev_warns_of_what_is_not_signed(tmp_path: Path) -> None:
    assert loaded(tmp_path).warnings == ("webhooks[0] has no secret: its messages are not signed",)


@pytest.mark.parametrize(
    ("webhook", "words"),
    [
        ({"secret": "short"}, "its secret is none of a webhook"),
        ({"secret": "whsec_c2VjcmV0"}, "24 to 64 bytes"),
        ({"secret": ""}, "is empty"),
        ({"secret": SECRET, "events": ["budget.sof"]}, "did you mean budget.soft?"),
        ({"secret": SECRET, "events": ["zzz"]}, "there is no event zzz (budget.soft,"),
        ({"secret": SECRET, "url": "ftp://a.example"}, "is not a plain http:// or https:// address"),
        ({"secret": SECRET, "url": "https://user@a.example"}, "no user name"),
        ({"secret": SECRET, "url": "http://10.0.0.1/"}, "not on the public internet"),
        ({"secret": SECRET, "url": "http://[::1]/"}, "not on the public internet"),
        ({"secret": SECRET, "urls": "x"}, "did you mean url?"),
    ],
)
def test_what_is_refused(tmp_path: Path, webhook: dict[str, Any], words: str) -> None:
    assert words in refused(tmp_path, **webhook)


def test_the_operators_own_network(tmp_path: Path) -> None:
    assert loaded(tmp_path, private=True, secret=SECRET, url="http://10.0.0.1:8080/").webhooks
    with pytest.raises(ConfigError, match="not on the public internet"):
        loaded(tmp_path, private=True, secret=SECRET, url="http://169.254.169.254/")


def test_no_address_twice(tmp_path: Path) -> None:
    document = {"webhooks": [{"url": URL, "secret": SECRET}] * 2}
    (tmp_path / "gigamost.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match="listed twice"):
        load(environ={"HOME": str(tmp_path)}, folder=tmp_path)
