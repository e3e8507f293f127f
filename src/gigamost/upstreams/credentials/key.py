"""The authorization key of GigaChat: Base64 of `client_id:client_secret`, as the account's page shows it."""

import base64
import re
from typing import Final

from gigamost.core.secret import Secret

PERS: Final = "GIGACHAT_API_PERS"
SCOPES: Final = {
    PERS: "individuals",
    "GIGACHAT_API_B2B": "sole traders and companies with prepaid packages",
    "GIGACHAT_API_CORP": "companies that pay as they go",
}

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def authorization_key(client_id: str, client_secret: Secret) -> Secret:
    return Secret(base64.b64encode(f"{client_id.strip()}:{client_secret.reveal().strip()}".encode()).decode())


def clean_key(text: str) -> str:
    """The key without what comes along when it is copied: spaces, quotes, a `Basic ` in front, lost `=` at its end."""
    text = text.strip().strip("\"'").strip()
    if text[:6].lower() == "basic ":
        text = text[6:].strip()
    return text + "=" * (-len(text) % 4) if re.fullmatch(r"[A-Za-z0-9+/]+=*", text) else text


def fault_in_key(text: str) -> str | None:
    """What is wrong with a (cleaned) key and what to give instead; None when it can be one. Never repeats the text."""
    if not text:
        return "it is empty: give the authorization key from the account's page"
    if re.search(r"\s", text):
        return "it has spaces or line breaks inside: a key is one word"
    if _UUID.fullmatch(text):
        return "it is a client id (or a secret) alone: give the client id and the secret, or the authorization key"
    if is_token_shaped(text):
        return "it is an access token, not a key: an access token belongs in GIGACHAT_ACCESS_TOKEN"
    if ":" in text:
        return "it is a client id and a secret as they are: the authorization key is the Base64 of both"
    try:
        client_id, colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except UnicodeDecodeError:
        client_id = colon = secret = ""
    except ValueError:
        return "it is not Base64: copy the whole authorization key from the account's page"
    if not (client_id.strip() and colon and secret.strip()):
        return "it is Base64, but not of `client_id:client_secret`: copy the authorization key from the account's page"
    return None


def is_token_shaped(text: str) -> bool:
    """Whether it looks like the encrypted JWT that GigaChat's access tokens are."""
    return text.startswith("eyJ") and text.count(".") >= 2
