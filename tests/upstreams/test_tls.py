"""TLS trust on real handshakes: roots, bundles, client certificates, and the pinned Russian root."""

import contextlib
import hashlib
import os
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret
from gigamost.upstreams import russian_root
from gigamost.upstreams.credentials.faults import TokenFault
from gigamost.upstreams.credentials.gigachat_oauth import GigaChatOAuth
from gigamost.upstreams.credentials.mtls import ClientCertificate
from gigamost.upstreams.http import HttpRequest, TransportError
from gigamost.upstreams.russian_root import Trust, check_russian_root, ensure_trust, install_russian_root, root_file
from gigamost.upstreams.tls import client_context
from gigamost.upstreams.tokens import TokenSource
from gigamost.upstreams.transport import HttpTransport
from tests.upstreams.sockets import Seen, serving

TOKEN = b'{"access_token":"token-1","expires_at":4102444800000}'


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def other_ca() -> trustme.CA:
    return trustme.CA(organization_name="another")


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return file


def server_context(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return context


def der_of(ca: trustme.CA) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode())


def fingerprint_of(ca: trustme.CA) -> str:
    return hashlib.sha256(der_of(ca)).hexdigest()


@contextlib.asynccontextmanager
async def transport_with(context: ssl.SSLContext) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(tls=context)
    try:
        yield transport
    finally:
        await transport.close()


async def issue(_: Seen) -> tuple[int, bytes]:
    return 200, TOKEN


async def token_from(url: str, context: ssl.SSLContext, credential: ClientCertificate | None = None) -> Secret | None:
    async with transport_with(context) as transport:
        oauth = credential or GigaChatOAuth(Secret("a2V5OmtleQ=="), url=url)
        source = TokenSource(oauth, transport, now=lambda: 1_700_000_000.0, new_id=lambda: "id", timeout=5.0)
        try:
            return await source.get()
        finally:
            await source.close()


@pytest.mark.parametrize("how", ["bundle", "extra root", "no verification"])
async def test_token_comes_over_trusted_tls(ca: trustme.CA, ca_file: Path, how: str) -> None:
    context = {
        "bundle": lambda: client_context(ca_bundle=ca_file),
        "extra root": lambda: client_context(extra_roots=[ca_file]),
        "no verification": lambda: client_context(verify=False),
    }[how]()
    async with serving(issue, server_context(ca)) as peer:
        assert await token_from(peer.url, context) == Secret("token-1")


async def test_unknown_root_is_refused_and_nothing_is_sent(other_ca: trustme.CA, ca_file: Path) -> None:
    async with serving(issue, server_context(other_ca)) as peer:
        with pytest.raises(GatewayError) as caught:
            await token_from(peer.url, client_context(ca_bundle=ca_file))
        assert peer.seen == []
    assert caught.value.problem.code == TokenFault.UNTRUSTED.value
    assert "gigamost certs install" in caught.value.problem.detail


async def test_name_of_the_host_is_checked(ca: trustme.CA, ca_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("somebody.example").configure_cert(context)
    async with serving(issue, context) as peer:
        with pytest.raises(GatewayError) as caught:
            await token_from(peer.url, client_context(ca_bundle=ca_file))
    assert caught.value.problem.code == TokenFault.UNTRUSTED.value


def test_bundle_is_added_to_the_system_roots(
    ca: trustme.CA, other_ca: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system.pem"
    other_ca.cert_pem.write_to_path(system)
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    trusted = client_context(ca_bundle=ca_file).get_ca_certs(binary_form=True)
    assert {der_of(ca), der_of(other_ca)} <= set(trusted)


def test_old_tls_is_not_spoken() -> None:
    assert client_context().minimum_version is ssl.TLSVersion.TLSv1_2


class Identity:
    """A client certificate in files, as an operator has it."""

    def __init__(self, ca: trustme.CA, folder: Path) -> None:
        leaf = ca.issue_cert("client@example.org")
        self.cert = folder / "client.pem"
        self.key = folder / "client.key"
        self.encrypted = folder / "client-encrypted.key"
        self.both = folder / "both.pem"
        self.cert.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
        self.key.write_bytes(leaf.private_key_pem.bytes())
        self.both.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
        self.encrypted.write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(b"right")))


@pytest.fixture
def identity(ca: trustme.CA, tmp_path: Path) -> Identity:
    return Identity(ca, tmp_path)


async def test_certificate_is_shown_to_a_server_that_wants_one(
    ca: trustme.CA, ca_file: Path, identity: Identity
) -> None:
    demanding = server_context(ca)
    demanding.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(demanding)
    contexts = [
        client_context(ca_bundle=ca_file, cert_file=identity.cert, key_file=identity.key),
        client_context(ca_bundle=ca_file, cert_file=identity.both),
        client_context(
            ca_bundle=ca_file, cert_file=identity.cert, key_file=identity.encrypted, key_password=Secret("right")
        ),
    ]
    async with serving(issue, demanding) as peer:
        credential = ClientCertificate(identity.cert.read_bytes(), peer.url)
        for context in contexts:
            assert await token_from(peer.url, context, credential) == Secret("token-1")
        assert all("authorization" not in request.headers for request in peer.seen)
        async with transport_with(client_context(ca_bundle=ca_file)) as transport:
            with pytest.raises(TransportError):
                await transport.send(HttpRequest("GET", peer.url), silence=5.0)
        assert len(peer.seen) == len(contexts)


def test_faults_name_the_setting(other_ca: trustme.CA, identity: Identity, tmp_path: Path) -> None:
    missing, text = tmp_path / "missing.pem", tmp_path / "notes.txt"
    text.write_text("not a certificate")
    foreign = tmp_path / "foreign.key"
    foreign.write_bytes(other_ca.issue_cert("x@example.org").private_key_pem.bytes())
    cert, key, encrypted = identity.cert, identity.key, identity.encrypted
    damaged = tmp_path / "damaged.key"
    damaged.write_bytes(key.read_bytes().replace(b"M", b"N"))

    def fault(**settings: object) -> str:
        with pytest.raises(ValueError, match="GIGACHAT_") as caught:
            client_context(**settings)  # type: ignore[arg-type]  # the table below is checked by its outcome
        return str(caught.value)

    assert fault(ca_bundle=missing).startswith("GIGACHAT_CA_BUNDLE_FILE: ")
    assert "missing.pem" in fault(ca_bundle=missing)
    assert fault(ca_bundle=tmp_path).startswith("GIGACHAT_CA_BUNDLE_FILE: ")
    assert "no certificate in PEM form" in fault(ca_bundle=text)
    assert fault(cert_file=missing).startswith("GIGACHAT_CERT_FILE: ")
    assert "no certificate in PEM form" in fault(cert_file=text)
    assert fault(cert_file=cert, key_file=missing).startswith("GIGACHAT_KEY_FILE: ")
    assert fault(cert_file=cert, key_file=text).startswith("GIGACHAT_KEY_FILE: ")
    assert "no private key" in fault(cert_file=cert)
    assert "cannot be read" in fault(cert_file=cert, key_file=damaged)
    assert "does not belong" in fault(cert_file=cert, key_file=foreign)
    assert fault(cert_file=cert, key_file=encrypted).startswith("GIGACHAT_KEY_FILE_PASSWORD: ")
    wrong = fault(cert_file=cert, key_file=encrypted, key_password=Secret("wrong-one"))
    assert wrong.startswith("GIGACHAT_KEY_FILE_PASSWORD: ")
    assert "wrong-one" not in wrong
    assert "GIGACHAT_CERT_FILE" in fault(key_file=key)


def test_pinned_root_is_the_documented_one() -> None:
    documented = "D2:6D:2D:02:31:B7:C3:9F:92:CC:73:85:12:BA:54:10:35:19:E4:40:5D:68:B5:BD:70:3E:97:88:CA:8E:CF:31"
    assert documented.replace(":", "").lower() == russian_root.FINGERPRINT


@pytest.mark.parametrize("form", ["PEM", "DER", "PEM among others"])
async def test_root_is_installed_from_a_host_that_only_it_makes_trusted(
    ca: trustme.CA, other_ca: trustme.CA, tmp_path: Path, form: str
) -> None:
    content = {
        "PEM": ca.cert_pem.bytes(),
        "DER": der_of(ca),
        "PEM among others": b"# chain\r\n" + other_ca.cert_pem.bytes() + ca.cert_pem.bytes(),
    }[form]

    async def publish(_: Seen) -> tuple[int, bytes]:
        return 200, content

    async with serving(publish, server_context(ca)) as peer, transport_with(client_context(verify=False)) as transport:
        file = await install_russian_root(transport, tmp_path, urls=[peer.url], fingerprint=fingerprint_of(ca))
    assert file == tmp_path / "certs" / "russian_trusted_root_ca.pem"
    assert ssl.PEM_cert_to_DER_cert(file.read_text()) == der_of(ca)
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o644
    assert list(file.parent.iterdir()) == [file]
    async with serving(issue, server_context(ca)) as peer:
        assert await token_from(peer.url, client_context(extra_roots=[file])) == Secret("token-1")


async def test_addresses_are_tried_in_order_and_only_the_pinned_bytes_are_taken(
    ca: trustme.CA, other_ca: trustme.CA, tmp_path: Path
) -> None:
    async def publish(request: Seen) -> tuple[int, bytes]:
        match request.line.split(" ")[1]:
            case "/gone":
                return 404, b"<html></html>"
            case "/wrong":
                return 200, other_ca.cert_pem.bytes()
            case "/damaged":
                return 200, ca.cert_pem.bytes().replace(b"A", b"B", 9)
            case _:
                return 200, ca.cert_pem.bytes()

    async with serving(publish) as gone:
        pass
    async with serving(publish) as peer, transport_with(client_context(verify=False)) as transport:
        bad = [gone.url, f"{peer.url}/gone", f"{peer.url}/wrong", f"{peer.url}/damaged"]
        with pytest.raises(ValueError, match="not the pinned certificate") as caught:
            await install_russian_root(transport, tmp_path, urls=bad, fingerprint=fingerprint_of(ca))
        assert all(url in str(caught.value) for url in bad)
        assert not root_file(tmp_path).exists()
        last = [*bad, f"{peer.url}/root", f"{peer.url}/never"]
        file = await install_russian_root(transport, tmp_path, urls=last, fingerprint=fingerprint_of(ca))
        assert [request.line.split(" ")[1] for request in peer.seen][-1] == "/root"
    assert file.exists()


async def test_state_folder_that_cannot_be_written_is_named(ca: trustme.CA, tmp_path: Path) -> None:
    async def publish(_: Seen) -> tuple[int, bytes]:
        return 200, ca.cert_pem.bytes()

    (tmp_path / "certs").write_text("a file where the folder should be")
    async with serving(publish) as peer, transport_with(client_context()) as transport:
        with pytest.raises(ValueError, match="cannot be written"):
            await install_russian_root(transport, tmp_path, urls=[peer.url], fingerprint=fingerprint_of(ca))


async def test_trust_is_ensured_once(ca: trustme.CA, tmp_path: Path) -> None:
    async def publish(_: Seen) -> tuple[int, bytes]:
        return 200, ca.cert_pem.bytes()

    pin = fingerprint_of(ca)
    async with serving(publish) as peer, transport_with(client_context()) as transport:

        async def ensure() -> Trust:
            return await ensure_trust(transport, tmp_path, urls=[peer.url], fingerprint=pin)

        assert check_russian_root(tmp_path, fingerprint=pin).state == "missing"
        first, second = await ensure(), await ensure()
        assert (first.outcome, second.outcome) == ("installed", "present")
        assert first.roots == second.roots == (root_file(tmp_path),)
        assert len(peer.seen) == 1
        status = check_russian_root(tmp_path, fingerprint=pin)
        assert status.state == "installed"
        assert status.expires_at is not None
        root_file(tmp_path).write_text("something else")
        assert check_russian_root(tmp_path, fingerprint=pin).state == "wrong"
        assert (await ensure()).outcome == "installed"


async def test_start_goes_on_when_the_root_cannot_be_had(ca: trustme.CA, other_ca: trustme.CA, tmp_path: Path) -> None:
    root_file(tmp_path).parent.mkdir()
    other_ca.cert_pem.write_to_path(root_file(tmp_path))
    async with serving(issue) as gone:
        pass
    async with transport_with(client_context()) as transport:
        trust = await ensure_trust(transport, tmp_path, urls=[gone.url], fingerprint=fingerprint_of(ca))
    assert trust.outcome == "failed"
    assert trust.roots == ()  # a file that is not the root is not trusted
    assert "gigamost certs install" in trust.message


async def test_root_that_is_trusted_already_is_not_fetched(
    ca: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = fingerprint_of(ca)
    async with transport_with(client_context()) as transport:
        assert check_russian_root(tmp_path, ca_file, fingerprint=pin).state == "bundle"
        trust = await ensure_trust(transport, tmp_path, ca_file, urls=[], fingerprint=pin)
        assert (trust.outcome, trust.roots) == ("present", ())
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
        assert check_russian_root(tmp_path, fingerprint=pin).state == "system"
