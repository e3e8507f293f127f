"""What the suites share: LangChain's standard tests for chat models, with a gateway to ask and without the internet."""

import wave
from collections.abc import Iterator
from io import BytesIO
from typing import Any, ClassVar

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_tests.integration_tests import ChatModelIntegrationTests, chat_models
from PIL import Image

from tests.gateway.conftest import World

MODEL = "GigaChat-2-Max"
OTHER_MODEL = "GigaChat-2-Pro"


# What a test needs that not every class of LangChain's has, by the name of the property that says so.
NEEDS = {
    "test_tool_choice": "has_tool_choice",
    "test_json_mode": "supports_json_mode",
    "test_pdf_inputs": "supports_pdf_inputs",
    "test_audio_inputs": "supports_audio_inputs",
    "test_anthropic_inputs": "supports_anthropic_inputs",
    "test_pdf_tool_message": "supports_pdf_tool_message",
    "test_invoke_with_model_override": "supports_model_override",
    "test_ainvoke_with_model_override": "supports_model_override",
    "test_stream_with_model_override": "supports_model_override",
    "test_astream_with_model_override": "supports_model_override",
    "test_stream_time": "enable_vcr_tests",  # times against recorded answers, which we have none of
}


class Downloaded:
    def __init__(self, content: bytes) -> None:
        self.content = content


class Downloads:
    """In the place of httpx, where the suite fetches its samples: a picture, a document or a recording by its name."""

    @staticmethod
    def get(url: str, **options: Any) -> Downloaded:
        out = BytesIO()
        match url.rpartition(".")[2]:
            case "wav":
                with wave.open(out, "wb") as recording:
                    recording.setparams((1, 2, 8000, 0, "NONE", ""))
                    recording.writeframes(bytes(1600))
            case kind:
                Image.new("RGB", (8, 8), "red").save(out, kind)
        return Downloaded(out.getvalue())


# LangChain warns the author of a program: of pydantic's first version, of a name that it made up for a file.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # see `closed_clients`
class Suite(ChatModelIntegrationTests):
    """A family says which class it is about, how that is pointed at `base`, and what it can do."""

    world: ClassVar[World]

    @pytest.fixture(autouse=True)
    def _gateway(self, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Nothing that the gateway sends may be refused by the emulator."""
        type(self).world = world
        monkeypatch.setattr(chat_models, "httpx", Downloads)
        yield
        log = world.gigachat.app.log
        refused = [(seen.path, seen.status, seen.error) for seen in log if seen.status >= 400]
        log.clear()
        assert not refused

    def can(self, test: str) -> bool:
        return test not in NEEDS or bool(getattr(self, NEEDS[test]))

    @property
    def base(self) -> str:
        return self.world.base

    @property
    def model_override_value(self) -> str:
        return OTHER_MODEL

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supported_usage_metadata_details(self) -> Any:
        return {"invoke": ["cache_read_input"], "stream": ["cache_read_input"]}

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        model = self.chat_model_class(**self.chat_model_params)
        question = "What is this long story about? " + "Once upon a time there was a bridge. " * 40
        model.invoke(question)
        if not stream:
            return model.invoke(question)
        whole: AIMessageChunk | None = None
        for chunk in model.stream(question):
            assert isinstance(chunk, AIMessageChunk)
            whole = chunk if whole is None else whole + chunk
        assert whole is not None
        return whole
