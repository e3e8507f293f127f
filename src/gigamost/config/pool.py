"""The credentials of GigaChat: one from plain settings, or a list of them, as one pool that is complete in itself."""

from collections.abc import Mapping

import msgspec

from gigamost.config.origin import Node, Origin
from gigamost.config.settings import CONNECTIONS, Credential, GigaChat, PoolEntry
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials.key import clean_key, fault_in_key

# Settings that make a credential by themselves; the others only say how it is used.
_IDENTITY = ("credentials", "access_token", "user", "password")


def normalised(document: Node) -> Node:
    """In YAML `gigachat.credentials` may be a list: then it is what the settings call `entries`."""
    if not isinstance(document.value, dict):
        return document
    section = document.value.get("gigachat")
    if section is None or not isinstance(section.value, dict):
        return document
    entries = section.value.get("credentials")
    if entries is None or not isinstance(entries.value, list):
        return document
    rest = {name: node for name, node in section.value.items() if name != "credentials"}
    moved = Node({**rest, "entries": entries}, section.origin)
    return Node({**document.value, "gigachat": moved}, document.origin)


def filled(gigachat: GigaChat, origins: Mapping[str, Origin], problems: list[str], warnings: list[str]) -> GigaChat:
    """With `pool`: the entries with what they inherit, or the one credential of the plain settings, or nothing."""
    entries = gigachat.entries
    plain = [origins[f"gigachat.{name}"] for name in _IDENTITY if f"gigachat.{name}" in origins]
    if entries and plain:
        if any(origin.kind == "file" for origin in plain):
            problems.append(f"{plain[0]}: give either the list gigachat.credentials or one credential, not both")
        else:
            warnings.append(f"{plain[0]} replaces the {len(entries)} credentials of the file's gigachat.credentials")
        entries = ()
    if not entries:
        return msgspec.structs.replace(gigachat, pool=_single(gigachat, origins, problems))
    names = [entry.name or f"gigachat-{i}" for i, entry in enumerate(entries, 1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    problems += [f"gigachat.credentials: two credentials are called {name}" for name in repeated]
    credentials = [
        _credential(gigachat, entry, name, f"gigachat.credentials[{i}].key", problems)
        for i, (entry, name) in enumerate(zip(entries, names, strict=True))
    ]
    return msgspec.structs.replace(gigachat, pool=tuple(credentials))


def _single(gigachat: GigaChat, origins: Mapping[str, Origin], problems: list[str]) -> tuple[Credential, ...]:
    entry = PoolEntry(
        key=gigachat.credentials, access_token=gigachat.access_token, user=gigachat.user, password=gigachat.password
    )
    if not any((entry.key, entry.access_token, entry.user, entry.password, gigachat.cert_file)):
        return ()
    where = str(origins.get("gigachat.credentials", "GIGACHAT_CREDENTIALS"))
    return (_credential(gigachat, entry, "gigachat", where, problems),)


def _credential(gigachat: GigaChat, entry: PoolEntry, name: str, where: str, problems: list[str]) -> Credential:
    scope = entry.scope or gigachat.scope
    own_certificate = entry.cert_file is not None
    certificate: PoolEntry | GigaChat = entry if own_certificate else gigachat
    credential = Credential(
        name=name,
        key=None if entry.key is None else Secret(clean_key(entry.key.reveal())),
        access_token=entry.access_token,
        user=entry.user,
        password=entry.password,
        cert_file=certificate.cert_file,
        key_file=certificate.key_file,
        key_file_password=certificate.key_file_password,
        scope=scope,
        base_url=(entry.base_url or gigachat.base_url).rstrip("/"),
        auth_url=(entry.auth_url or gigachat.auth_url).rstrip("/"),
        max_connections=entry.max_connections or gigachat.max_connections or CONNECTIONS[scope],
    )
    problems += [f"{where}: {fault}" for fault in _faults(credential)]
    return credential


def _faults(credential: Credential) -> list[str]:
    faults = []
    if credential.key is not None and (fault := fault_in_key(credential.key.reveal())):
        faults.append(f"this cannot be a key: {fault}")
    if bool(credential.user) != bool(credential.password):
        faults.append("a user and a password go together (GIGACHAT_USER, GIGACHAT_PASSWORD)")
    if credential.key and credential.user:
        faults.append("give a key or a user with a password, not both")
    if credential.key_file is not None and credential.cert_file is None:
        faults.append("key_file is the key of a certificate: cert_file is missing")
    if not any((credential.key, credential.access_token, credential.user, credential.cert_file)):
        faults.append("a credential needs a key, a user with a password, an access_token or a cert_file")
    files = (credential.cert_file, credential.key_file)
    return faults + [f"{file} is not there" for file in files if file is not None and not file.is_file()]
