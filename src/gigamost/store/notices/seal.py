"""Secrets of webhooks as they are in a database: AES-256-GCM, bound to the webhook. A database alone signs nothing."""

import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gigamost.core.secret import Secret

LABEL: Final = "secrets of webhooks"  # of the derived key (`auth.root.derive`)
_NONCE: Final = 12


class SecretSeal:
    """`keys` are 32 bytes each: the first one closes, any of them opens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [AESGCM(key) for key in keys]

    def close(self, webhook: str, secret: Secret) -> bytes:
        if not secret:
            return b""
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[0].encrypt(nonce, secret.reveal().encode(), webhook.encode())

    def open(self, webhook: str, sealed: bytes) -> Secret | None:
        """None for one that was closed with a key that is gone."""
        return Secret("") if not sealed else next((found for _, found in self._opened(webhook, sealed)), None)

    def is_outdated(self, webhook: str, sealed: bytes) -> bool:
        """Whether another key than the first one closed it."""
        return bool(sealed) and next((at for at, _ in self._opened(webhook, sealed)), 0) > 0

    def _opened(self, webhook: str, sealed: bytes) -> list[tuple[int, Secret]]:
        found = []
        for at, key in enumerate(self._keys):
            try:
                text = key.decrypt(sealed[:_NONCE], sealed[_NONCE:], webhook.encode())
            except (InvalidTag, ValueError):
                continue
            found.append((at, Secret(text.decode())))
        return found
