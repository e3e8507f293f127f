"""LangChain's families of chat models through the gateway, judged by LangChain's own standard tests.

What a class says it supports is what the family's code can send; none of it stops at the gateway.
"""

from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_aws import ChatBedrockConverse
from langchain_core.language_models import BaseChatModel
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI

from tests.gateway.conftest import KEY
from tests.langchain.suite import MODEL, Suite


class TestChatCompletions(Suite):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        # With an own base URL LangChain asks for the usage of a stream only when told to.
        return {"model": MODEL, "base_url": f"{self.base}/v1", "api_key": KEY, "stream_usage": True}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_audio_inputs(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True


class TestResponses(TestChatCompletions):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "use_responses_api": True}


class TestAnthropic(Suite):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatAnthropic

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": MODEL, "base_url": self.base, "api_key": KEY}

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True


class TestOllama(Suite):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOllama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": MODEL,
            "base_url": self.base,
            "client_kwargs": {"headers": {"Authorization": f"Bearer {KEY}"}},
        }

    @property
    def has_tool_choice(self) -> bool:
        return False  # `bind_tools` takes it and drops it: Ollama's protocol has none

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return False  # Ollama's protocol knows pictures only

    @property
    def supported_usage_metadata_details(self) -> Any:
        return {"invoke": [], "stream": []}  # Ollama's protocol counts no cached tokens

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestBedrock(Suite):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatBedrockConverse

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": MODEL,
            "provider": "gigachat",
            "base_url": self.base,
            "region_name": "us-east-1",
            "aws_access_key_id": KEY,
            "aws_secret_access_key": "unused",
            # Both are known to LangChain by the names of the models that AWS offers.
            "disable_streaming": False,
            "supports_tool_choice_values": ("auto", "any", "tool"),
        }

    @property
    def supports_model_override(self) -> bool:
        return False  # "model" is not among the arguments of its `invoke`

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True
