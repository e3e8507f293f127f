"""The TLS listener and its own certificate authority."""

import ssl
import stat
from pathlib import Path

import httpx
import pytest

from gigamost.emulator import COMPANY, EmulatorSettings, Running, build, ca
from tests.emulator.conftest import Api


async def test_a_client_that_trusts_the_written_root_gets_in(tmp_path: Path) -> None:
    authority = ca.create(tmp_path / "state")
    assert stat.S_IMODE(authority.key_file.stat().st_mode) == 0o600
    async with Running(build(EmulatorSettings()), tls=authority.server_context()) as running:
        trusting = ssl.create_default_context(cafile=authority.ca_file)
        async with httpx.AsyncClient(verify=trusting, base_url=running.tls_base_url) as http:
            api = Api(running, COMPANY)
            async with api.http:
                await api.authorize()
                bearer = {"Authorization": api.http.headers["authorization"]}
            assert (await http.get("/models", headers=bearer)).status_code == 200
            sent = {"X-Emulator": "reset=20", **bearer}
            body = {"model": "GigaChat", "messages": [{"role": "user", "content": "Hi"}]}
            with pytest.raises(httpx.TransportError):
                await http.post("/chat/completions", json=body, headers=sent)
        async with httpx.AsyncClient(base_url=running.tls_base_url) as stranger:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.get("/models", headers=bearer)


async def test_a_taken_port_is_an_error() -> None:
    app = build(EmulatorSettings())
    async with Running(app) as running:
        with pytest.raises(OSError, match="in use"):
            await Running(app, port=running.port).start()


async def test_stopping_ends_what_is_being_answered() -> None:
    running = Running(build(EmulatorSettings()))
    await running.start()
    api = Api(running, COMPANY)
    async with api.http:
        await api.authorize()
        body = {"model": "GigaChat", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        headers = {"X-Emulator": "stall_after=1"}
        async with api.http.stream("POST", "/chat/completions", json=body, headers=headers) as response:
            lines = response.aiter_lines()
            assert (await anext(lines)).startswith("data: ")
            await running.stop()
            with pytest.raises(httpx.TransportError):
                async for _ in lines:
                    pass
        with pytest.raises(httpx.ConnectError):
            await api.http.get("/models")
