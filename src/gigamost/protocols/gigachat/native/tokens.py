"""Answers of GigaChat's token endpoints (gigachat-api.md section 2.2)."""

import msgspec

from gigamost.core.face import Incoming


def encode_oauth(token: str, expires_at: int, incoming: Incoming) -> bytes:
    """`/v2/oauth`: milliseconds, as `expires_at` is given. [recorded]"""
    return msgspec.json.encode({"access_token": token, "expires_at": expires_at})


def encode_token(token: str, expires_at: int, incoming: Incoming) -> bytes:
    """`/v1/token`: seconds. [inferred]"""
    return msgspec.json.encode({"tok": token, "exp": expires_at // 1000})
