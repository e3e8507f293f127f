"""A place of each kind, and one of the other kind beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gigamost.store.place import Postgres
from tests.backup.filled import ready
from tests.store.servers import copied, empty

Place = Path | Postgres


@pytest.fixture(scope="session")
def template() -> Iterator[Postgres]:
    with empty() as made:
        ready(made)
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def source(request: pytest.FixtureRequest, template: Postgres, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        ready(tmp_path / "source.db")
        yield tmp_path / "source.db"
        return
    with copied(template) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, template: Postgres, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        ready(tmp_path / "target.db")
        yield tmp_path / "target.db"
        return
    with copied(template) as made:
        yield made


@pytest.fixture
def bare() -> Iterator[Postgres]:
    """A PostgreSQL without a schema."""
    with empty() as made:
        yield made
