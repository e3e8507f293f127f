"""One gateway and one emulator for all suites, in a thread of their own: the suites call synchronously too."""

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from pathlib import Path

import httpx
import httpx2
import pytest
import pytest_asyncio

from gigamost.server.run import loop_factory
from tests.gateway.conftest import World, world_of
from tests.langchain.suite import Suite


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """LangChain keeps its asynchronous clients for the life of the process: all tests need the same event loop. What a
    class of LangChain's cannot send is no test of it."""
    ours = [item for item in items if item.path.parent == Path(__file__).parent and isinstance(item, pytest.Function)]
    for item in ours:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    unable = {item for item in ours if isinstance(suite := item.instance, Suite) and not suite.can(item.originalname)}
    if unable:
        config.hook.pytest_deselected(items=list(unable))
        items[:] = [item for item in items if item not in unable]


@pytest_asyncio.fixture(scope="package", loop_scope="session", autouse=True)
async def closed_clients() -> AsyncIterator[None]:
    """LangChain closes none of its clients: nothing of them may be left for the tests that follow."""
    yield
    for each in gc.get_objects():
        if issubclass(type(each), httpx.AsyncClient | httpx2.AsyncClient) and not each.is_closed:
            await each.aclose()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    started: Future[tuple[World, asyncio.Event]] = Future()
    state = tmp_path_factory.mktemp("langchain")
    thread = threading.Thread(target=_run, args=(state, started), name="gateway")
    thread.start()
    made, over = started.result(timeout=20)
    yield made
    made.gateway.finished.get_loop().call_soon_threadsafe(over.set)
    thread.join(timeout=40)


def _run(state: Path, started: "Future[tuple[World, asyncio.Event]]") -> None:
    async def serve() -> None:
        async with world_of(state) as made:
            over = asyncio.Event()
            started.set_result((made, over))
            await over.wait()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            runner.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
