"""Upstreams and routes of the file: short forms, what is filled in, and every mistake on a line of its own."""

from pathlib import Path

import pytest

from gigamost.config import ConfigError, Settings, load
from gigamost.config.routes import OPENROUTER_URL, prices
from gigamost.core.secret import Secret
from gigamost.ledger.prices import Price
from gigamost.routing.table import Destination, Fallback, Route

ROW = "upstreams: [{name: far, base_url: 'http://far/v1'}]\n"


def configured(folder: Path, yaml: str, **environ: str) -> Settings:
    (folder / "gigamost.yaml").write_text(yaml, encoding="utf-8")
    return load(environ={"HOME": str(folder), **environ}, folder=folder)


def problems(folder: Path, yaml: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        configured(folder, yaml, **environ)
    return caught.value.problems


def test_long_and_short_forms_mean_the_same(tmp_path: Path) -> None:
    short = """
routes:
  smart:
    targets: [GigaChat-2-Max, far/org/model]
    fallback: [GigaChat-2]
"""
    long = """
routes:
  smart:
    targets:
      - model: GigaChat-2-Max
      - {upstream: far, model: org/model, weight: 1}
    fallback:
      failure: [{upstream: gigachat, model: GigaChat-2}]
"""
    assert (
        configured(tmp_path, ROW + short).routes
        == configured(tmp_path, ROW + long).routes
        == {
            "smart": Route(
                targets=(Destination(model="GigaChat-2-Max"), Destination(upstream="far", model="org/model")),
                fallback=Fallback(failure=(Destination(model="GigaChat-2"),)),
            )
        }
    )


def test_models_of_an_upstream_are_names_or_rows(tmp_path: Path) -> None:
    listed = configured(tmp_path, "upstreams: [{name: far, base_url: 'http://far/v1/', models: [a, b]}]").upstreams[0]
    rows = configured(tmp_path, "upstreams: [{name: far, base_url: 'http://far/v1', models: {a:, b: {}}}]").upstreams[0]
    assert (listed.models, listed.base_url) == (rows.models, "http://far/v1")
    assert list(listed.models) == ["a", "b"]


def test_prices_are_micros_for_a_million_tokens(tmp_path: Path) -> None:
    yaml = (
        "upstreams: [{name: far, base_url: 'http://far', models: {a: {input_price: '1.50', output_price: '2'}, b: }}]"
    )
    assert prices(configured(tmp_path, yaml)) == {"far/a": Price(1_500_000, 2_000_000, 0), "far/b": Price()}


def test_the_operators_prices_are_by_model_and_by_credential(tmp_path: Path) -> None:
    yaml = (
        "gigachat: {credentials: [{name: one, key: '${K}'}]}\n"
        "prices: {GigaChat-2: {input: '65', output: '65.5'}, one/GigaChat-2: {input: '50', output: '50', cached: '1'}}"
    )
    key = "M2E1YjdjOWQtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmJlbmNo"
    assert prices(configured(tmp_path, yaml, K=key)) == {
        "GigaChat-2": Price(65_000_000, 65_500_000, 0),
        "one/GigaChat-2": Price(50_000_000, 50_000_000, 1_000_000),
    }


@pytest.mark.parametrize("target", ["openrouter/a/b", "{upstream: openrouter}"])
def test_openrouters_key_is_enough_where_a_route_names_it(tmp_path: Path, target: str) -> None:
    yaml = f"routes: {{smart: {{fallback: [{target}]}}}}"
    (row,) = configured(tmp_path, yaml, OPENROUTER_API_KEY="sk-or-1").upstreams
    assert (row.name, row.base_url, row.api_key) == ("openrouter", OPENROUTER_URL, Secret("sk-or-1"))
    assert "OPENROUTER_API_KEY" in problems(tmp_path, yaml)[0]
    assert configured(tmp_path, "mode: dev", OPENROUTER_API_KEY="sk-or-1").upstreams == ()


def test_a_row_of_ones_own_for_openrouter_takes_the_key_too(tmp_path: Path) -> None:
    yaml = "upstreams: [{name: openrouter, headers: {X-Title: ours}}]\nroutes: {a: {targets: [openrouter/b]}}"
    (row,) = configured(tmp_path, yaml, OPENROUTER_API_KEY="sk-or-1").upstreams
    assert (row.base_url, row.api_key, row.headers) == (OPENROUTER_URL, Secret("sk-or-1"), {"X-Title": Secret("ours")})


def test_secrets_of_upstreams_may_be_references_and_never_show(tmp_path: Path) -> None:
    yaml = "upstreams: [{name: far, base_url: 'http://far', api_key: '${K}', headers: {X-Key: '${H}'}}]"
    settings = configured(tmp_path, yaml, K="canary-1", H="canary-2")
    assert settings.upstreams[0].headers["X-Key"].reveal() == "canary-2"
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("upstreams: [{base_url: 'http://far'}]", "has no name"),
        ("upstreams: [{name: far}]", "has no base_url"),
        ("upstreams: [{name: far, base_url: far}]", "base_url is 'far'"),
        ("upstreams: [{name: far, kind: azure, base_url: 'http://far'}]", "wanted one of openai"),
        ("upstreams: [{name: far, base_url: 'http://far', api_kee: x}]", "did you mean api_key"),
        ("upstreams: [{name: far, base_url: 'http://far', models: {a: {visio: no}}}]", "did you mean vision"),
        ("upstreams: [{name: far, base_url: 'http://far', models: {a: {input_price: '1,5'}}}]", "is no amount"),
        ("upstreams: [{name: far, base_url: 'http://far', headers: {X Y: z}}]", "is no header"),
        ("upstreams: [{name: far, base_url: 'http://far', ca_bundle_file: /none.pem}]", "is not there"),
        ("upstreams: [{name: gigachat, base_url: 'http://far'}]", "is taken"),
        ("prices: {GigaChat-2: {input: '1'}}", "has no output"),
        ("prices: {GigaChat-2: {input: '1', output: much}}", "prices.GigaChat-2: 'much' is no amount"),
        ("prices: {nobody/GigaChat-2: {input: '1', output: '1'}}", "there is no credential nobody"),
        (ROW[:-2] + ", {name: far, base_url: 'http://far'}]", "is taken"),
        ("upstreams: far", "is not a list"),
        ("routes: [a]", "is not a mapping"),
        (ROW + "routes: {a: {targets: [fr/b]}}", "did you mean far"),
        (ROW + "routes: {a: {target: [far/b]}}", "did you mean targets"),
        (ROW + "routes: {a: {fallback: {blaklist: [far/b]}}}", "did you mean blacklist"),
        (ROW + "routes: {a: {targets: [{upstream: far, credentials: [x]}]}}", "credentials are those of GigaChat"),
        (ROW + "routes: {a: {targets: [{upstream: far, model: '*'}]}}", "leave it out"),
        (ROW + "routes: {a: {targets: [{upstream: far, weight: 0}]}}", "weight is 0"),
        ("routes: {a: {targets: [{credentials: [x]}]}}", "there is no credential x"),
        ("routes: {a: {}}", "says nothing"),
        ("routes: {a: {targets: [GigaChat-2]}}\nmodels: {aliases: {a: GigaChat-2}}", "in models.aliases too"),
        (
            ROW.replace("}]", ", models: [deepseek-chat]}]") + "routes: {a: {targets: [far/deepseek-chatt]}}",
            "did you mean deepseek-chat",
        ),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, yaml: str, said: str) -> None:
    found = problems(tmp_path, yaml)
    assert any(said in problem for problem in found), found
    assert all("gigamost.yaml:" in problem or problem.startswith(("upstreams", "routes")) for problem in found)
