"""Applications with a server of their own, most of them in containers."""

from typing import Final

from gigamost.cli.connect.client import LONGEST, STRING, USAGE, WINDOW, Client, File, Shape

_CHAT: Final = Shape(1.2, body=USAGE, history="few_shot", observed=False)
_CONTAINER: Final = (
    "In a container 127.0.0.1 is the container itself: the gateway must listen outside (gigamost serve --host 0.0.0.0)."
)

APPS: Final = (
    Client(
        "open-webui",
        "Open WebUI",
        "chat",
        _CHAT,
        variables=(("OPENAI_API_BASE_URL", "$docker/v1"), ("OPENAI_API_KEY", "$key"), ("ENABLE_OLLAMA_API", "false")),
        task=(
            *("docker", "run", "-d", "-p", "3000:8080", "--add-host=host.docker.internal:host-gateway"),
            *("-e", "OPENAI_API_BASE_URL", "-e", "OPENAI_API_KEY", "-e", "ENABLE_OLLAMA_API"),
            *("-v", "open-webui:/app/backend/data", "--name", "open-webui", "ghcr.io/open-webui/open-webui:main"),
        ),
        dialog="Once it was started it reads the variables no more: Admin Panel, Settings, Connections, OpenAI API, +",
        fields=(("URL", "$docker/v1"), ("Key", "$key")),
        notes=(_CONTAINER,),
    ),
    Client(
        "librechat",
        "LibreChat",
        "chat",
        _CHAT,
        (
            File(
                "librechat.yaml",
                "yaml",
                {
                    "endpoints": {
                        "custom": [
                            {
                                "name": "Gigamost",
                                "apiKey": "$key",
                                "baseURL": "$docker/v1",
                                "models": {"default": ["$model"], "fetch": True},
                                "titleConvo": True,
                                "titleModel": "current_model",
                                "modelDisplayLabel": "GigaChat",
                            }
                        ]
                    }
                },
                {"version": "1.2.8"},
            ),
        ),
        notes=("The file belongs into LibreChat's folder and is mounted as /app/librechat.yaml.", _CONTAINER),
    ),
    Client(
        "n8n",
        "n8n",
        "chat",
        Shape(3, 3, 1.5, (STRING,), body=USAGE, observed=False),
        dialog="Credentials, Create Credential, OpenAI",
        fields=(
            ("API Key", "$key"),
            ("Base URL", "$docker/v1"),
            ("in the node OpenAI Chat Model: Model, By ID", "$model"),
        ),
        notes=("`Use Responses API` may be on or off: the gateway speaks both.", _CONTAINER),
    ),
    Client(
        "dify",
        "Dify",
        "chat",
        Shape(3, 3, 1.5, (STRING,), body=USAGE, observed=False),
        dialog="Settings, Model Provider, OpenAI-API-compatible (a plugin from the marketplace), Add Model",
        fields=(
            ("Model Type", "LLM"),
            ("Model Name", "$model"),
            ("API Key", "$key"),
            ("API endpoint URL", "$docker/v1"),
            ("Completion mode", "Chat"),
            ("Model context size", str(WINDOW)),
            ("Upper bound for max tokens", str(LONGEST)),
            ("Function calling", "Tool Call"),
            ("Stream function calling", "Support"),
            ("Vision Support", "Support"),
        ),
        notes=(_CONTAINER,),
    ),
    Client(
        "home-assistant",
        "Home Assistant (by its Ollama integration)",
        "ollama",
        Shape(
            9,
            12,
            6,
            (STRING, {"type": "array", "items": STRING}, {"type": "integer", "minimum": 0, "maximum": 100}),
            body={"think": False, "keep_alive": "-1s", "options": {"num_ctx": 8192}},
            observed=False,
        ),
        dialog="Settings, Devices & services, Add integration, Ollama",
        fields=(
            ("URL", "$base"),
            ("API key", "$key"),
            ("Model", "$model"),
            ("Control Home Assistant", "Assist"),
            ("Context window size", str(WINDOW)),
        ),
        notes=(
            "Home Assistant is another machine or a container: it needs an address of the gateway that it reaches.",
            "Older versions have no field `API key`: they need a gateway that asks for none.",
        ),
    ),
)
