"""Where settings come from, which source wins, and what is said about those that do not exist."""

import base64
from pathlib import Path

import pytest

from gigamost.config import ConfigError, Settings, load

KEY = base64.b64encode(b"client:secret").decode()


def configured(folder: Path, yaml: str = "", dotenv: str = "", **environ: str) -> Settings:
    if yaml:
        (folder / "gigamost.yaml").write_text(yaml, encoding="utf-8")
    if dotenv:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    return load(environ={"HOME": str(folder), **environ}, folder=folder)


def problems(folder: Path, yaml: str = "", dotenv: str = "", **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        configured(folder, yaml, dotenv, **environ)
    return caught.value.problems


def test_nothing_is_needed(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    assert (settings.mode, settings.server.host, settings.server.port) == ("dev", "127.0.0.1", 8090)
    assert settings.gigachat.base_url == "https://api.giga.chat/v1"
    assert settings.gigachat.auth_url == "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"
    assert (settings.gigachat.scope, settings.gigachat.timeout, settings.queue_timeout) == (
        "GIGACHAT_API_PERS",
        120,
        60,
    )
    assert (settings.gigachat.pool, settings.origins) == ((), {})


def test_each_source_goes_before_the_next(tmp_path: Path) -> None:
    (tmp_path / "gigamost.yaml").write_text("server: {port: 1}\nqueue_timeout: 1\nlog: {level: debug}\nreplicas: 1\n")
    (tmp_path / ".env").write_text("GIGAMOST_PORT=2\nGIGAMOST_QUEUE_TIMEOUT=2\nGIGAMOST_LOG_LEVEL=warning\n")
    environ = {"HOME": str(tmp_path), "GIGAMOST_PORT": "3", "GIGAMOST_QUEUE_TIMEOUT": "3"}
    settings = load({"server.port": 4, "server.host": None}, environ=environ, folder=tmp_path)
    assert (settings.server.port, settings.queue_timeout, settings.log.level) == (4, 3, "warning")
    origins = settings.origins
    assert str(origins["server.port"]) == "--port"
    assert str(origins["queue_timeout"]) == "GIGAMOST_QUEUE_TIMEOUT"
    assert str(origins["log.level"]) == "GIGAMOST_LOG_LEVEL (.env:3)"
    assert str(origins["replicas"]) == f"{tmp_path}/gigamost.yaml:4: replicas"
    assert "server.host" not in origins


def test_the_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("server: {port: 1}")
    (tmp_path / "b.yaml").write_text("server: {port: 2}")
    environ = {"HOME": str(tmp_path), "GIGAMOST_CONFIG": str(tmp_path / "b.yaml")}
    assert load(environ=environ, folder=tmp_path).server.port == 2
    assert load(config=tmp_path / "a.yaml", environ=environ, folder=tmp_path).server.port == 1
    with pytest.raises(ConfigError, match=r"c\.yaml cannot be read: No such file"):
        load(config=tmp_path / "c.yaml", environ=environ, folder=tmp_path)


def test_dotenv_has_quotes_comments_and_export(tmp_path: Path) -> None:
    text = (
        "\ufeff# first\n\nexport GIGAMOST_HOST='0.0.0.0' # all\n"
        'GIGAMOST_MASTER_KEY="a b$c${d}"\nOTHER=1\nGIGAMOST_PORT = 81\n'
    )
    settings = configured(tmp_path, dotenv=text)
    assert settings.server.host == "0.0.0.0"
    assert settings.master_key is not None
    assert settings.master_key.reveal() == "a b$c${d}"
    assert [settings.origins[path].line for path in ("server.host", "master_key", "server.port")] == [3, 4, 6]


def test_a_broken_line_of_dotenv_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path, dotenv="A=1\nGIGAMOST_PORT='81\n") == (".env:2: this line is no NAME=value",)


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    settings = configured(tmp_path, dotenv="GIGAMOST_PORT=81\n", GIGAMOST_PORT="", GIGAMOST_REQUIRE_KEY=" ")
    assert (settings.server.port, settings.require_key) == (81, None)


@pytest.mark.parametrize("name", ["GIGACHAT_CREDENTIALS", "GIGACHAT_AUTH_KEY", "GIGACHAT_API_KEY"])
def test_the_key_has_three_names(tmp_path: Path, name: str) -> None:
    (credential,) = configured(tmp_path, **{name: KEY}).gigachat.pool
    assert credential.key is not None
    assert credential.key.reveal() == KEY


def test_the_first_of_two_names_counts_and_that_is_said(tmp_path: Path) -> None:
    other = base64.b64encode(b"other:secret").decode()
    settings = configured(tmp_path, GIGACHAT_API_KEY=other, GIGACHAT_CREDENTIALS=KEY)
    assert settings.gigachat.credentials is not None
    assert settings.gigachat.credentials.reveal() == KEY
    assert "GIGACHAT_API_KEY is ignored" in settings.warnings[0]


def test_an_unknown_gateway_variable_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    assert problems(tmp_path, GIGAMOST_PROT="1") == (
        "GIGAMOST_PROT: there is no such setting (did you mean GIGAMOST_PORT?)",
    )
    assert problems(tmp_path, dotenv="\nGIGAMOST_MASTERKEY=x\n") == (
        "GIGAMOST_MASTERKEY (.env:2): there is no such setting (did you mean GIGAMOST_MASTER_KEY?)",
    )


def test_an_unknown_gigachat_variable_is_a_warning(tmp_path: Path) -> None:
    settings = configured(tmp_path, GIGACHAT_SCOP="x", GIGACHAT_MAX_RETRIES="3")
    assert "GIGACHAT_SCOP is not used here (did you mean GIGACHAT_SCOPE?)" in settings.warnings
    assert any(warning.startswith("GIGACHAT_MAX_RETRIES is not used here") for warning in settings.warnings)


def test_what_a_container_platform_injected_is_named(tmp_path: Path) -> None:
    links = {
        "GIGAMOST_SERVICE_HOST": "10.0.0.1",
        "GIGAMOST_SERVICE_PORT_HTTP": "8090",
        "GIGAMOST_PORT_8090_TCP_ADDR": "10.0.0.1",
        "GIGAMOST_REDIS_PORT": "tcp://10.0.0.2:6379",
    }
    (problem,) = problems(tmp_path, GIGAMOST_PORT="tcp://10.0.0.1:8090", **links)
    assert problem.startswith("GIGAMOST_PORT tcp://10.0.0.1:8090 was put there by the container platform")
    assert "enableServiceLinks: false" in problem
    settings = configured(tmp_path, GIGAMOST_PORT="8091", **links)
    assert settings.server.port == 8091
    (warning,) = settings.warnings
    assert "service links" in warning
    # what goes first counts: the injected value is not even looked at
    environ = {"HOME": str(tmp_path), "GIGAMOST_PORT": "tcp://10.0.0.1:8090"}
    assert load({"server.port": 8092}, environ=environ, folder=tmp_path).server.port == 8092


def test_an_unknown_key_of_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    yaml = "mode: dev\nserver:\n  host: 127.0.0.1\n  prot: 80\nport: 80\ngigachat:\n  credentials:\n  - {scop: x}\n"
    file = tmp_path / "gigamost.yaml"
    found = problems(tmp_path, yaml)
    assert f"{file}:4: server.prot: there is no such setting (did you mean port?)" in found
    assert f"{file}:5: port: there is no such setting (did you mean server.port?)" in found
    assert f"{file}:8: gigachat.credentials[0].scop: there is no such setting (did you mean scope?)" in found


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    yaml = "server: {port: many}\nqueue_timeout: [1]\n"
    found = problems(tmp_path, yaml, "GIGAMOST_X=1\n", GIGAMOST_REQUIRE_KEY="maybe", GIGAMOST_MODE="prod")
    assert len(found) == 5  # and the master key that prod wants
    assert all("\n" not in problem for problem in found)


@pytest.mark.parametrize(
    ("yaml", "line", "text"),
    [
        ("a: [", 1, "not YAML"),
        ("a:\n - b\n c", 3, "not YAML"),
        ("- a", 1, "mapping of settings"),
        ("mode: dev\nmode: prod", 2, "mode repeats"),
        ("mode: [dev]", 1, "is a list"),
        ("server: 8090", 1, "wanted a mapping"),
        ("keys: {a: b}", 1, "is not a list"),
        ("keys: [{name: a}]", 1, "has no key"),
        ("keys: [{name: a, key: ''}]", 1, "is empty"),
        ("models: {aliases: {a: 1}}", 1, "not the name of a model"),
        ("models: {capabilities: {GigaChat-2: {visoin: true}}}", 1, "did you mean vision?"),
        ("models: {capabilities: {GigaChat-2: {context: big}}}", 1, "whole number"),
        ("gigachat: {base_url: api.giga.chat}", 1, "https?"),
        ("server: {port: 65536}", 1, "65535"),
        ("gigachat: {timeout: 0}", 1, "0"),
        ("gigachat: {timeout: .nan}", 1, "number of seconds"),
        ("gigachat: {password: 123}", 1, "quotes"),
    ],
)
def test_what_is_wrong_in_the_file_has_its_line(tmp_path: Path, yaml: str, line: int, text: str) -> None:
    found = problems(tmp_path, yaml)
    assert any(problem.startswith(f"{tmp_path / 'gigamost.yaml'}:{line}:") and text in problem for problem in found), (
        found
    )


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert configured(tmp_path, "# only a comment\n") == configured(tmp_path / "elsewhere", HOME=str(tmp_path))


def test_a_null_leaves_a_setting_alone(tmp_path: Path) -> None:
    settings = configured(tmp_path, "server: {port: 81}\ngigachat:\nmaster_key: null\n")
    assert (settings.server.port, settings.master_key, settings.gigachat.scope) == (81, None, "GIGACHAT_API_PERS")


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    settings = configured(tmp_path, "keys:\n- &a {name: a, key: k1, tenant: t}\n- {<<: *a, name: b, key: k2}\n")
    assert [(key.name, key.tenant) for key in settings.keys] == [("a", "t"), ("b", "t")]


def test_a_secret_of_the_file_may_refer_to_a_variable(tmp_path: Path) -> None:
    yaml = "master_key: ${ADMIN}\nkeys: [{name: a, key: '${CLIENT}'}]\n"
    settings = configured(tmp_path, yaml, "CLIENT=from-dotenv\n", ADMIN="from-environment")
    assert settings.master_key is not None
    assert (settings.master_key.reveal(), settings.keys[0].key.reveal()) == ("from-environment", "from-dotenv")
    (tmp_path / ".env").unlink()
    (problem,) = problems(tmp_path, yaml, ADMIN="x")
    assert problem.endswith("keys[0].key refers to ${CLIENT}, which is not set")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("YES", True), ("1", True), ("0", False), ("no", False)])
def test_forms_of_true_and_false(tmp_path: Path, text: str, value: bool) -> None:
    assert configured(tmp_path, GIGACHAT_PROFANITY_CHECK=text).gigachat.profanity_check is value


def test_lists_are_separated_by_commas(tmp_path: Path) -> None:
    settings = configured(tmp_path, GIGAMOST_CORS_ORIGINS="http://a, http://b,", no_proxy="localhost,.corp")
    assert settings.server.cors_origins == ("http://a", "http://b")
    assert settings.proxy.bypass == ("localhost", ".corp")
    assert configured(tmp_path, "server: {cors_origins: [http://c]}").server.cors_origins == ("http://c",)


def test_the_proxy_comes_in_both_cases(tmp_path: Path) -> None:
    settings = configured(tmp_path, HTTPS_PROXY="http://u:p@proxy:1", http_proxy="http://proxy:2")
    assert settings.proxy.https is not None
    assert settings.proxy.https.reveal() == "http://u:p@proxy:1"
    assert settings.proxy.http is not None
    assert "u:p@" not in repr(settings)


def test_capabilities_of_a_model_are_corrected_in_part(tmp_path: Path) -> None:
    yaml = "models:\n  capabilities:\n    GigaChat-2: {vision: true, context: 4096, api: v2}\n"
    corrected = {"vision": True, "context": 4096, "api": "v2"}
    assert configured(tmp_path, yaml).models.capabilities == {"GigaChat-2": corrected}
    (problem,) = problems(tmp_path, "models: {capabilities: {GigaChat-2: {api: v3}}}")
    assert "wanted one of v1, v2" in problem


@pytest.mark.parametrize("api", ["auto", "v1", "v2"])
def test_the_version_of_the_upstreams_wire(tmp_path: Path, api: str) -> None:
    assert configured(tmp_path, GIGAMOST_GIGACHAT_API=api).gigachat.api == api
    assert configured(tmp_path, f"gigachat: {{api: {api}}}").gigachat.api == api


def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    canary = base64.b64encode(b"0199e210-2f13-744c-8fe5-c9a19fe27db7:0199e210-2f13-744c-8fe5-c9a19fe27db8").decode()
    found = problems(tmp_path, f"gigachat: {{scope: '{canary}'}}", GIGAMOST_PORT=canary, GIGACHAT_BASE_URL=canary)
    assert len(found) == 3
    assert not any(canary in problem for problem in found)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/u"}, "/home/u/.local/share/gigamost"),
        ({"HOME": "/home/u", "XDG_DATA_HOME": "/data"}, "/data/gigamost"),
        ({"HOME": "/home/u", "GIGAMOST_STATE_DIR": "/var/lib/gigamost"}, "/var/lib/gigamost"),
    ],
)
def test_the_state_folder(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    assert load(environ=environ, folder=tmp_path).state_dir == Path(folder)
