"""LangChain's Gemini models. Their package wants google-genai 2 and works with 3: `make` installs it by itself."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from tests.gateway.conftest import KEY
from tests.langchain.suite import MODEL, Suite

genai = pytest.importorskip("langchain_google_genai", reason="make test installs it")


class TestGemini(Suite):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        family: type[BaseChatModel] = genai.ChatGoogleGenerativeAI
        return family

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": MODEL, "base_url": self.base, "api_key": KEY}

    @property
    def supports_model_override(self) -> bool:
        return False  # "model" is not among the arguments of its `invoke`

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_audio_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True
