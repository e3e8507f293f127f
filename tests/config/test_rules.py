"""Rules over several settings: the pool of credentials, prod, workers, replicas."""

import base64
from pathlib import Path

import pytest

from gigamost.config import ConfigError, Settings, load

KEY = base64.b64encode(b"client:secret").decode()
OTHER_KEY = base64.b64encode(b"other:secret").decode()
MASTER = "0123456789abcdef"


def configured(folder: Path, yaml: str = "", **environ: str) -> Settings:
    (folder / "gigamost.yaml").write_text(yaml, encoding="utf-8")
    return load(environ={"HOME": str(folder), **environ}, folder=folder)


def problems(folder: Path, yaml: str = "", **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        configured(folder, yaml, **environ)
    return caught.value.problems


@pytest.mark.parametrize(("scope", "connections"), [("PERS", 1), ("B2B", 10), ("CORP", 10)])
def test_the_scope_decides_how_many_requests_may_be_in_flight(tmp_path: Path, scope: str, connections: int) -> None:
    environ = {"GIGACHAT_CREDENTIALS": KEY, "GIGACHAT_SCOPE": f"GIGACHAT_API_{scope}"}
    assert configured(tmp_path, **environ).gigachat.pool[0].max_connections == connections
    assert configured(tmp_path, **environ, GIGACHAT_MAX_CONNECTIONS="7").gigachat.pool[0].max_connections == 7


def test_a_list_is_a_pool_whose_credentials_inherit(tmp_path: Path) -> None:
    yaml = f"""
gigachat:
  scope: GIGACHAT_API_CORP
  base_url: https://corp.example/api/v1/
  credentials:
  - {{name: main, key: {KEY}, max_connections: 3}}
  - {{key: {OTHER_KEY}, scope: GIGACHAT_API_PERS, access_token: spare}}
  - {{name: inside, user: me, password: pw, base_url: "https://inside.example/v1"}}
"""
    main, second, inside = configured(tmp_path, yaml).gigachat.pool
    assert (main.name, main.scope, main.max_connections) == ("main", "GIGACHAT_API_CORP", 3)
    assert main.base_url == "https://corp.example/api/v1"
    assert (second.name, second.scope, second.max_connections) == ("gigachat-2", "GIGACHAT_API_PERS", 1)
    assert second.access_token is not None
    assert (inside.user, inside.key, inside.base_url) == ("me", None, "https://inside.example/v1")


def test_a_credential_of_a_higher_source_replaces_the_list(tmp_path: Path) -> None:
    yaml = f"gigachat: {{credentials: [{{key: {KEY}}}, {{key: {OTHER_KEY}}}]}}"
    settings = configured(tmp_path, yaml, GIGACHAT_CREDENTIALS=OTHER_KEY)
    assert len(settings.gigachat.pool) == 1
    assert "GIGACHAT_CREDENTIALS replaces the 2 credentials" in settings.warnings[0]


def test_a_list_and_a_credential_in_one_file_are_refused(tmp_path: Path) -> None:
    yaml = f"gigachat:\n  credentials: [{{key: {KEY}}}]\n  user: me\n  password: pw\n"
    assert any("not both" in problem for problem in problems(tmp_path, yaml))


@pytest.mark.parametrize(
    "environ",
    [
        {"GIGACHAT_CREDENTIALS": "0199e210-2f13-744c-8fe5-c9a19fe27db7"},
        {"GIGACHAT_CREDENTIALS": "not base64!"},
        {"GIGACHAT_CREDENTIALS": base64.b64encode(b"no colon").decode()},
        {"GIGACHAT_USER": "me"},
        {"GIGACHAT_PASSWORD": "pw"},
        {"GIGACHAT_CREDENTIALS": KEY, "GIGACHAT_USER": "me", "GIGACHAT_PASSWORD": "pw"},
        {"GIGACHAT_KEY_FILE": "/nowhere/key.pem", "GIGACHAT_CREDENTIALS": KEY},
        {"GIGACHAT_CERT_FILE": "/nowhere/cert.pem"},
        {"GIGACHAT_CA_BUNDLE_FILE": "/nowhere/ca.pem"},
    ],
)
def test_what_cannot_be_a_credential_is_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    found = problems(tmp_path, **environ)
    assert found
    assert not any(secret in problem for problem in found for secret in (KEY, "not base64!"))


def test_a_credential_of_the_list_without_anything_is_refused(tmp_path: Path) -> None:
    assert "needs a key" in problems(tmp_path, "gigachat: {credentials: [{name: a}]}")[0]
    yaml = f"gigachat: {{credentials: [{{name: a, key: {KEY}}}, {{name: a, key: {OTHER_KEY}}}]}}"
    assert "two credentials are called a" in problems(tmp_path, yaml)[0]


def test_a_certificate_alone_is_a_credential(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("")
    (credential,) = configured(tmp_path, GIGACHAT_CERT_FILE=str(tmp_path / "cert.pem")).gigachat.pool
    assert (credential.cert_file, credential.key) == (tmp_path / "cert.pem", None)


def test_prod_has_one_line_for_each_setting(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        GIGAMOST_MODE="prod",
        GIGACHAT_VERIFY_SSL_CERTS="false",
        GIGAMOST_CORS_ORIGINS="*",
        GIGAMOST_REQUIRE_KEY="false",
        GIGAMOST_REPLICAS="2",
        GIGAMOST_SECRET_KEY="root",
    )
    settings = ("GIGAMOST_MASTER_KEY", "GIGACHAT_VERIFY_SSL_CERTS", "GIGAMOST_CORS_ORIGINS", "GIGAMOST_REQUIRE_KEY")
    for setting in (*settings, "GIGAMOST_DATABASE_URL"):
        assert len([problem for problem in found if problem.startswith(setting)]) == 1
    assert len(found) == 5


@pytest.mark.parametrize("master", ["", "0123456789abcde"])
def test_prod_wants_a_long_master_key(tmp_path: Path, master: str) -> None:
    (problem,) = problems(tmp_path, GIGAMOST_MODE="prod", GIGAMOST_MASTER_KEY=master)
    assert "GIGAMOST_MASTER_KEY" in problem
    assert "16 characters" in problem


def test_prod_requires_keys_by_default(tmp_path: Path) -> None:
    assert configured(tmp_path, GIGAMOST_MODE="prod", GIGAMOST_MASTER_KEY=MASTER).require_key is True
    assert configured(tmp_path).require_key is None


def test_dev_only_warns(tmp_path: Path) -> None:
    settings = configured(tmp_path, GIGACHAT_VERIFY_SSL_CERTS="no", GIGAMOST_CORS_ORIGINS="*")
    assert len(settings.warnings) == 2


def test_prod_with_replicas_wants_postgresql(tmp_path: Path) -> None:
    prod = {
        "GIGAMOST_MODE": "prod",
        "GIGAMOST_MASTER_KEY": MASTER,
        "GIGAMOST_REPLICAS": "2",
        "GIGAMOST_SECRET_KEY": "x",
    }
    assert "PostgreSQL" in problems(tmp_path, **prod)[0]
    assert "PostgreSQL" in problems(tmp_path, **prod, GIGAMOST_DATABASE_URL="sqlite:///x.db")[0]
    assert configured(tmp_path, **prod, GIGAMOST_DATABASE_URL="postgresql://u:p@db/g").replicas == 2


def test_several_replicas_want_one_root_secret(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GIGAMOST_REPLICAS="2")
    assert problem.startswith("GIGAMOST_SECRET_KEY")


def test_replicas_without_redis_are_told_what_they_miss(tmp_path: Path) -> None:
    environ = {"GIGACHAT_CREDENTIALS": KEY, "GIGAMOST_REPLICAS": "3", "GIGAMOST_SECRET_KEY": "x" * 32}
    (warning,) = configured(tmp_path, **environ).warnings
    assert warning.startswith("GIGAMOST_REPLICAS is 3 without Redis (GIGAMOST_REDIS_URL)")
    assert configured(tmp_path, **environ, GIGAMOST_REDIS_URL="rediss://r").warnings == ()


def test_redis_url_that_is_none(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GIGAMOST_REDIS_URL="localhost:6379")
    assert problem.startswith("GIGAMOST_REDIS_URL is no redis://")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "GIGAMOST_REDIS_URL"),
        ({"GIGAMOST_REDIS_URL": "redis://localhost", "GIGAMOST_DATABASE_URL": "sqlite://"}, "in memory"),
    ],
    ids=["without Redis", "in memory"],
)
def test_several_workers_are_refused_in_one_line(tmp_path: Path, environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({"server.workers": 4}, environ={"HOME": str(tmp_path), **environ}, folder=tmp_path)
    [line] = caught.value.problems
    assert named in line


def test_several_workers_with_redis_and_a_file_may_start(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "GIGAMOST_REDIS_URL": "redis://localhost"}
    assert load({"server.workers": 4}, environ=environ, folder=tmp_path).server.workers == 4


def test_client_keys_are_told_apart(tmp_path: Path) -> None:
    found = problems(
        tmp_path, "keys: [{name: a, key: k}, {name: a, key: k}, {name: m, key: master}]", GIGAMOST_MASTER_KEY="master"
    )
    assert len(found) == 3


def test_no_secret_shows_itself(tmp_path: Path) -> None:
    settings = configured(
        tmp_path,
        "keys: [{name: a, key: canary-client}]",
        GIGACHAT_CREDENTIALS=KEY,
        GIGACHAT_ACCESS_TOKEN="canary-token",
        GIGACHAT_KEY_FILE_PASSWORD="canary-pem",
        GIGAMOST_MASTER_KEY="canary-master",
        GIGAMOST_METRICS_KEY="canary-metrics",
        GIGAMOST_SECRET_KEY="canary-root",
        GIGAMOST_DATABASE_URL="postgresql://u:canary-db@db/g",
        GIGAMOST_REDIS_URL="redis://:canary-redis@r",
        HTTPS_PROXY="http://u:canary-proxy@p",
    )
    assert "canary" not in repr(settings)
    assert KEY not in repr(settings)


@pytest.mark.parametrize("url", ["sqlite:////var/lib/gigamost.db", "sqlite+aiosqlite:///gigamost.db", "sqlite://"])
def test_sqlite_is_taken_without_a_word(tmp_path: Path, url: str) -> None:
    settings = configured(tmp_path, GIGACHAT_CREDENTIALS=KEY, GIGAMOST_DATABASE_URL=url)
    assert settings.database_url is not None
    assert not any("DATABASE_URL" in warning for warning in settings.warnings)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_postgresql_is_taken_without_a_word(tmp_path: Path, scheme: str) -> None:
    settings = configured(tmp_path, GIGACHAT_CREDENTIALS=KEY, GIGAMOST_DATABASE_URL=f"{scheme}://me:secret@db/gigamost")
    assert not any("DATABASE_URL" in warning for warning in settings.warnings)


def test_a_postgresql_url_names_its_database(tmp_path: Path) -> None:
    found = problems(tmp_path, GIGACHAT_CREDENTIALS=KEY, GIGAMOST_DATABASE_URL="postgresql://me:secret@db")
    assert any("GIGAMOST_DATABASE_URL" in problem and "names a database" in problem for problem in found)
    assert "secret" not in str(found)


@pytest.mark.parametrize("url", ["mysql://db/gigamost", "sqlite:gigamost.db", "/var/lib/gigamost.db"])
def test_another_database_is_refused(tmp_path: Path, url: str) -> None:
    found = problems(tmp_path, GIGACHAT_CREDENTIALS=KEY, GIGAMOST_DATABASE_URL=url)
    assert any("GIGAMOST_DATABASE_URL" in problem and "sqlite:///" in problem for problem in found)


def test_trusted_proxies_are_networks(tmp_path: Path) -> None:
    given = configured(tmp_path, GIGACHAT_CREDENTIALS=KEY, GIGAMOST_TRUSTED_PROXIES="10.0.0.0/8, ::1")
    assert given.server.trusted_proxies == ("10.0.0.0/8", "::1")
    found = problems(tmp_path, GIGACHAT_CREDENTIALS=KEY, GIGAMOST_TRUSTED_PROXIES="my-proxy")
    assert len(found) == 1
    assert found[0].startswith("GIGAMOST_TRUSTED_PROXIES: 'my-proxy'")
