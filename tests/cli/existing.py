"""Configuration files as users have them: with comments, other settings, and another provider where one can be."""

FILES: dict[tuple[str, str], str] = {
    ("claude-code", "settings.json"): """\
{
  "permissions": { "allow": ["Bash(git diff:*)"], "deny": [] },
  "env": {
    "MY_VARIABLE": "1",
    "ANTHROPIC_MODEL": "claude-opus-5"
  },
  "hooks": {},
  "includeCoAuthoredBy": false
}
""",
    ("codex", "config.toml"): """\
# my Codex
model = "gpt-5"  # the big one
approval_policy = "on-request"
notify = ["notify-send", "Codex"]

[mcp_servers.docs]
command = "npx"
args = ["-y", "docs-mcp"]  # pinned elsewhere
env = { "TOKEN" = "t" }

# kept for the weekend
[model_providers.local]
name = "Local"
base_url = "http://localhost:1234/v1"

[[skills.config]]
path = "/tmp/skill"

[tui]
theme = "dark"
""",
    ("gemini-cli", "settings.json"): """\
{
  // signed in with Google so far
  "security": { "auth": { "selectedType": "oauth-personal" }, "folderTrust": {"enabled": true} },
  "ui": {
    "theme": "Default", /* the light one */
  },
}
""",
    ("gemini-cli", ".env"): """\
# Gemini
GOOGLE_CLOUD_PROJECT=mine
export GEMINI_API_KEY="AIza-old"  # from AI Studio
DEBUG='a b'
""",
    ("qwen-code", "settings.json"): """\
{
\t"$version": 3,
\t// models that I use
\t"modelProviders": {
\t\t"openai": [
\t\t\t{"id": "qwen3-coder-plus", "name": "Qwen", "envKey": "DASHSCOPE_API_KEY"}
\t\t]
\t},
\t"env": {"DASHSCOPE_API_KEY": "sk-1"},
\t"tools": {"approvalMode": "default"}
}
""",
    ("opencode", "opencode.json"): """\
{
  "$schema": "https://opencode.ai/config.json",
  "theme": "system",
  "model": "anthropic/claude-opus-5", // my own choice
  "provider": {
    // a server of ours
    "local": { "npm": "@ai-sdk/openai-compatible", "models": { "q": {} } } // fast
  }
}
""",
    (
        "kilo",
        "kilo.json",
    ): '{"$schema": "https://kilo.ai/config.json", "provider": {"openai": {"env": ["OPENAI_API_KEY"]}}}',
    ("openclaw", "openclaw.json"): """\
{
  "theme": "dark",
  "models": { "providers": { "other": { "apiKey": "mine", "models": [{ "id": "big" }] } } },
  "agents": { "defaults": { "model": { "primary": "other/big" }, "sandbox": true } }
}
""",
    ("pi", "models.json"): """\
{
  "providers": {
    "ollama": { "baseUrl": "http://localhost:11434/v1", "api": "openai-completions", "models": [{ "id": "q" }] }
  }
}
""",
    ("aider", ".aider.conf.yml"): """\
# mine
model: gpt-4o  # the old one
auto-commits: false
read:
  - CONVENTIONS.md  # the rules
""",
    ("llm", "extra-openai-models.yaml"): """\
# models of mine
- model_id: local   # on this machine
  model_name: qwen
  api_base: "http://localhost:8080"

- model_id: other
  aliases: [o]
""",
    ("continue", "config.yaml"): """\
# my settings
name: Mine   # a name
version: 1.2.3
schema: v1
models:
  # the local one
  - name: Local
    provider: ollama
    model: qwen

  # another
  - name: Other
    provider: openai
    model: other
rules:
  - Be brief   # please
""",
    ("zed", "settings.json"): """\
// Zed settings
//
// For information on how to configure Zed, see the documentation.
{
  "ui_font_size": 16,
  "theme": {
    "mode": "system",
    "dark": "One Dark", // at night
  },
  "agent": { "default_model": { "provider": "zed.dev", "model": "claude" } },
  "language_models": {
    "ollama": { "api_url": "http://localhost:11434" },
  },
}
""",
    ("librechat", "librechat.yaml"): """\
# LibreChat
version: 1.2.1
cache: true
endpoints:
  assistants:
    disableBuilder: false  # for all
  custom:
    # the first one
    - name: 'Mistral'
      apiKey: '${MISTRAL_API_KEY}'
      models:
        default: ['mistral-tiny']
        fetch: true
registration:
  socialLogins: ['github']
""",
}
