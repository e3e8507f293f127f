"""The servers of the benchmark: the fixed upstream, nginx and the gateway, each on a free loopback port."""

import os
import shlex
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import BenchError, Running, free_port, running

ROOT = Path(__file__).parent.parent
GATEWAY = f"{shlex.quote(str(Path(sys.executable).parent / 'gigamost'))} serve --host 127.0.0.1 --port {{port}}"
_NGINX = """
daemon off; master_process off; worker_processes 1; error_log stderr error; pid nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type text/plain;
  keepalive_requests 1000000000; client_body_buffer_size 1m; client_max_body_size 100m;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream fixed {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    location / {{ proxy_pass http://fixed; }}
  }}
}}
"""


@contextmanager
def upstream(folder: Path) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.upstream", str(port)]
    with running("upstream", command, port, "/v1/models", folder, {**_bare(folder), "PYTHONPATH": str(ROOT)}) as server:
        yield server


@contextmanager
def nginx(folder: Path, upstream_port: int) -> Iterator[Running]:
    """A plain proxy with one worker, unbuffered as streams need it. Raises BenchError when nginx is not installed."""
    port = free_port()
    (folder / "nginx.conf").write_text(_NGINX.format(port=port, upstream=upstream_port))
    command = [_nginx_binary(), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with running("nginx", command, port, "/v1/models", folder, _bare(folder)) as server:
        yield server


@contextmanager
def gateway(
    folder: Path,
    upstream_port: int,
    command: str = GATEWAY,
    wrap: Sequence[str] = (),
    more: Mapping[str, str] = {},
) -> Iterator[Running]:
    """`command` may contain {port}. It finds the upstream in the environment, under the names of GigaChat's SDK, and
    nothing else there but `more`: no `.env`, no configuration file, a state folder of its own."""
    port = free_port()
    origin = f"http://127.0.0.1:{upstream_port}"
    variables = {
        **environment(folder),
        "GIGACHAT_BASE_URL": f"{origin}/v1",
        "GIGACHAT_AUTH_URL": f"{origin}/api/v2/oauth",
        "GIGACHAT_CREDENTIALS": b64encode(b"3a5b7c9d-0000-4000-8000-000000000001:bench").decode(),
        "GIGACHAT_SCOPE": "GIGACHAT_API_CORP",
        "GIGACHAT_MAX_CONNECTIONS": "256",
        **more,
    }
    words = [*wrap, *shlex.split(command.format(port=port))]
    with running("gateway", words, port, "/health/live", folder, variables) as server:
        yield server


def environment(folder: Path) -> dict[str, str]:
    """Of a gateway that keeps its state in `folder`, and of the commands beside it."""
    return {**_bare(folder), "GIGAMOST_STATE_DIR": str(folder / "state")}


def nginx_version() -> str:
    said = subprocess.run([_nginx_binary(), "-v"], capture_output=True, text=True, check=True)
    return said.stderr.strip().removeprefix("nginx version: ")


def _nginx_binary() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise BenchError("nginx is missing: `make bench` installs it, or says how")
    return found


def _bare(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8"}
