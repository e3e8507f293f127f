"""Reads certificate files for their ends."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gigamost.notices.certificates import Checked


class CertificateFile(msgspec.Struct, frozen=True):
    """`use` is what it is for. `is_bundle`: each of its certificates serves by itself, so the last one's end counts;
    else the first one is the one that matters."""

    use: str
    path: Path
    is_bundle: bool


def checked(files: Sequence[CertificateFile]) -> list[Checked]:
    """For a thread: it reads files."""
    from cryptography import x509

    found = []
    for file in files:
        try:
            ends = [each.not_valid_after_utc for each in x509.load_pem_x509_certificates(file.path.read_bytes())]
            end = max(ends) if file.is_bundle else ends[0]
            found.append(Checked(file.use, str(file.path), end.timestamp()))
        except OSError as error:
            found.append(Checked(file.use, str(file.path), None, error.strerror or str(error)))
        except ValueError:
            found.append(Checked(file.use, str(file.path), None, "it holds no certificate in PEM form"))
    return found
