"""The example files: they load, and there is nothing in them that does not exist, nor anything missing from them."""

import base64
import re
from pathlib import Path

import pytest
import yaml

from gigamost.config import Settings, load
from gigamost.config.environment import CONFIG_FILE
from gigamost.config.fields import leaves, paths_by_variable
from gigamost.config.settings import ClientKey, PoolEntry, Upstream, UpstreamModel, Webhook
from gigamost.core.models import Capabilities
from gigamost.routing.table import Destination, Fallback, Route

ROOT = Path(__file__).parents[2]
DOTENV = (ROOT / ".env.example").read_text(encoding="utf-8")
YAML = (ROOT / "examples" / "gigamost.yaml").read_text(encoding="utf-8")
KEY = base64.b64encode(b"client:secret").decode()
ENVIRON = {
    "PERSONAL_KEY": KEY,
    "COMPANY_KEY": base64.b64encode(b"company:secret").decode(),
    "INSIDE_PASSWORD": "inside",
    "DEEPSEEK_KEY": "deepseek",
    "LAPTOP_KEY": "laptop",
    "TEAM_KEY": "team",
    "GUEST_KEY": "guests",
    "OPS_WEBHOOK_SECRET": "whsec_" + "c2VjcmV0" * 5,
}


def loaded(folder: Path, **environ: str) -> Settings:
    return load(environ={"HOME": str(folder), **environ}, folder=folder)


def test_the_dotenv_example_loads(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(DOTENV, encoding="utf-8")
    settings = loaded(tmp_path)
    assert (settings.warnings, settings.gigachat.pool) == ((), ())


def test_the_dotenv_example_loads_with_everything_switched_on(tmp_path: Path) -> None:
    text = re.sub(r"^#([A-Z_]+=)", r"\1", DOTENV, flags=re.MULTILINE)
    for name in ("GIGACHAT_USER", "GIGACHAT_CERT_FILE", "GIGACHAT_KEY_FILE", "GIGACHAT_CA_BUNDLE_FILE", CONFIG_FILE):
        text = re.sub(rf"^{name}=.*$", "", text, flags=re.MULTILINE)
    (tmp_path / ".env").write_text(text.replace("GIGACHAT_CREDENTIALS=", f"GIGACHAT_CREDENTIALS={KEY}"))
    assert len(loaded(tmp_path).gigachat.pool) == 1


def test_the_dotenv_example_names_every_variable_and_no_other() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", DOTENV, flags=re.MULTILINE))
    other_names = {"GIGACHAT_AUTH_KEY", "GIGACHAT_API_KEY", "https_proxy", "http_proxy", "no_proxy"}
    assert named == {*paths_by_variable(), CONFIG_FILE} - other_names
    assert all(name in DOTENV for name in other_names if name.isupper())


@pytest.mark.parametrize("variable", sorted(paths_by_variable()))
def test_defaults_that_the_dotenv_example_shows_are_the_defaults(tmp_path: Path, variable: str) -> None:
    """Except for examples of what has no default."""
    shown = re.search(rf"^#?{variable}=(.+)$", DOTENV, flags=re.MULTILINE)
    path = paths_by_variable()[variable]
    defaults = loaded(tmp_path)
    if shown is None or value_at(defaults, path) in (None, (), "") or path in ("state_dir", "models.default"):
        return
    (tmp_path / ".env").write_text(f"{variable}={shown[1]}")
    assert value_at(loaded(tmp_path), path) == value_at(defaults, path)


def test_the_yaml_example_loads(tmp_path: Path) -> None:
    (tmp_path / "gigamost.yaml").write_text(YAML, encoding="utf-8")
    settings = loaded(tmp_path, **ENVIRON)
    assert [credential.name for credential in settings.gigachat.pool] == ["personal", "company", "inside"]
    assert [upstream.name for upstream in settings.upstreams] == ["deepseek", "vllm"]
    assert list(settings.routes) == ["GigaChat-2-Max", "smart", "vllm/*"]
    assert [key.name for key in settings.keys] == ["laptop", "team", "guests"]
    assert [webhook.url for webhook in settings.webhooks] == ["https://ops.example/gigamost"]
    assert settings.warnings == ()


def test_the_yaml_example_names_every_setting() -> None:
    active = yaml.safe_load(YAML)
    for path, field in leaves():
        section, _, name = path.rpartition(".")
        if path == "gigachat.entries":  # `credentials` as a list
            continue
        here = active.get(section, {}) if section else active
        assert name in here or re.search(rf"^ *# {name}: ", YAML, flags=re.MULTILINE), path
        assert field.name == name
    for struct in (PoolEntry, ClientKey, Webhook, Capabilities, Upstream, UpstreamModel, Destination, Fallback, Route):
        for name in struct.__struct_fields__:
            assert re.search(rf"\b{name}\b", YAML), name


def value_at(settings: Settings, path: str) -> object:
    value: object = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value
