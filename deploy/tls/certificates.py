"""An authority in a folder, and the servers that it vouches for.

`ca.pem` is for all who connect, `ca.key` for nobody else; each server has `NAME/cert.pem` and `NAME/key.pem`, and both
in `NAME/server.pem`, as Kafka reads them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from shared.i18n import bilingual
from shared.platform.whole_file import private_file

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 730
CA: Final = "ca.pem"
_CA_KEY: Final = "ca.key"
_GROUP: Final = 0o640
_EARLIER: Final = timedelta(minutes=5)
"""Clocks of the machines may differ a little."""


class CertificateError(Exception):
    """The folder does not hold an authority that this can go on from."""


class Authority(Struct, frozen=True):
    """A certificate that vouches for others, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certificates(
    folder: Path, servers: Sequence[str], now: datetime, *, renew: bool = False, group: bool = False
) -> list[Path]:
    """The authority where there is none, and what is missing for the servers; answers the files that were made.

    With `renew` those of the servers are made anew. With `group` the group of the files reads the keys of servers,
    as PostgreSQL allows where root owns them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if not (folder / CA).exists():
        made += _make_authority(folder, now)
    authority = _authority(folder)
    for name in servers:
        place = folder / name
        if renew or not (place / "cert.pem").exists():
            made += _make_server(authority, place, name, now, group=group)
    return made


def _make_authority(folder: Path, now: datetime) -> list[Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Panke")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _begun(name, name, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(folder / _CA_KEY, key)
    with _public(folder / CA) as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    return [folder / _CA_KEY, folder / CA]


def _make_server(authority: Authority, place: Path, name: str, now: datetime, *, group: bool) -> list[Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    place.mkdir(exist_ok=True)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _begun(subject, authority.certificate.subject, key.public_key(), now, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName(_names(name)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_issued_by(authority), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    _write_key(place / "key.pem", key)
    _write_key(place / "server.pem", key, public)
    if group:
        for key_file in ("key.pem", "server.pem"):
            (place / key_file).chmod(_GROUP)
    with _public(place / "cert.pem") as file:
        file.write(public)
    return [place / "key.pem", place / "server.pem", place / "cert.pem"]


def publish_authority(folder: Path, to: Path) -> Path:
    """A copy of `ca.pem` in a folder of its own, for those who see nothing else."""
    to.mkdir(parents=True, exist_ok=True)
    with _public(to / CA) as file:
        file.write((folder / CA).read_bytes())
    return to / CA


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _EARLIER)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
    )


def _issued_by(authority: Authority) -> x509.AuthorityKeyIdentifier:
    """By its key: two authorities have one name."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _names(name: str) -> list[x509.GeneralName]:
    """Under which a server is reached: its own, and this machine's."""
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    try:
        return [x509.IPAddress(ipaddress.ip_address(name)), x509.DNSName("localhost"), loopback]
    except ValueError:
        return [x509.DNSName(name), x509.DNSName("localhost"), loopback]


def _authority(folder: Path) -> Authority:
    try:
        certificate = x509.load_pem_x509_certificate((folder / CA).read_bytes())
        key = serialization.load_pem_private_key((folder / _CA_KEY).read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"{folder}: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise CertificateError(bilingual("{folder}: ca.key is not the key of ca.pem", folder=folder))
    return Authority(certificate, key)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey, behind: bytes = b"") -> None:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with private_file(path) as file:
        file.write(encoded + behind)


@contextmanager
def _public(path: Path) -> Iterator[BinaryIO]:
    """A file that everybody may read, whatever the mask of this process."""
    with private_file(path) as file:
        yield file
    path.chmod(0o644)
