"""pi, a small coding agent, through each of the five protocols that it speaks: it runs a tool and prints its result."""

from pathlib import Path

import pytest

from tests.clients.documented import Documented
from tests.clients.running import COMMAND, EXPECTED, binary, run
from tests.gateway.conftest import KEY, World

PROTOCOLS = {
    "openai-completions": "/v1",
    "openai-responses": "/v1",
    "anthropic-messages": "",
    "google-generative-ai": "/v1beta",
    "bedrock-converse-stream": "",
}
# pi's AWS client speaks HTTP/2 unless it is told not to; the key's id is the gateway's key.
AWS = {
    "AWS_BEDROCK_FORCE_HTTP1": "1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": "unused",
}


@pytest.mark.parametrize("api", PROTOCOLS)
async def test_pi_runs_a_tool(world: World, tmp_path: Path, api: str) -> None:
    home = tmp_path / "home"
    documented = Documented("pi", world.base, api=api, baseUrl=world.base + PROTOCOLS[api])
    documented.write(home)
    ran = await run(
        [binary("pi", "pi"), *documented.task(f"Use the bash tool with the command `{COMMAND}`")],
        home=home,
        env={"PI_OFFLINE": "1", **AWS},
        limit=60,
    )
    assert (ran.code, EXPECTED in ran.out) == (0, True), ran.said
    assert [seen.status for seen in world.seen] == [200, 200]
    assert EXPECTED in world.sent["messages"][-1]["content"]
