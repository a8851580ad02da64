"""A service speaks TLS by the files that it is given, and says in words what is wrong with them."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from msgspec import Struct

from deploy.tls.certificates import make_certificates
from deploy.tls.cli import tls
from shared.platform.http.app import create_app, listen, server
from shared.platform.http.tls import tls_context
from shared.platform.settings import SettingsError
from tests.support.serving import until

NOW = datetime.now(UTC)


class At(Struct, frozen=True):
    """An ephemeral port, with files of TLS."""

    tls_cert: str
    tls_key: str
    tls_proxy: bool = False
    host: str = "127.0.0.1"
    port: int = 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two servers of one authority, and another authority that vouches for neither."""
    made = tmp_path_factory.mktemp("tls")
    make_certificates(made, ["desk", "other"], NOW)
    make_certificates(made / "foreign", ["desk"], NOW)
    return made


def of(folder: Path, cert: str = "desk", key: str = "desk") -> At:
    return At(str(folder / cert / "cert.pem"), str(folder / key / "key.pem"))


async def asked(folder: Path, authority: Path) -> httpx.Response:
    """The answer of a service that speaks TLS, to who trusts the authority."""
    app = create_app("desk", "0.1.0", live={}, ready={}, metrics=lambda: b"")
    settings = of(folder)
    bound = listen(settings)
    one = server(app, tls=tls_context(settings))
    served = asyncio.create_task(one.serve(sockets=[bound]))
    try:
        await until(lambda: one.started)
        trusted = ssl.create_default_context(cafile=str(authority))
        async with httpx.AsyncClient(verify=trusted, trust_env=False) as client:
            return await client.get(f"https://localhost:{bound.getsockname()[1]}/healthz")
    finally:
        one.should_exit = True
        await served


async def test_a_service_speaks_tls(folder: Path) -> None:
    """Whoever trusts the authority is answered."""
    answer = await asked(folder, folder / "ca.pem")
    assert answer.status_code == 200


async def test_another_authority_is_not_believed(folder: Path) -> None:
    """The certificates hold against who looks."""
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await asked(folder, folder / "foreign" / "ca.pem")


@pytest.mark.parametrize(("cert", "key"), [("desk", "other"), ("nowhere", "desk"), ("desk", "nowhere")])
def test_files_that_do_not_belong_together_are_told_by_their_settings(
    folder: Path, cert: str, key: str
) -> None:
    """The start is refused, and the line names both variables."""
    with pytest.raises(SettingsError, match="PANKE_TLS_CERT, PANKE_TLS_KEY: no certificate and key"):
        tls_context(of(folder, cert, key))


def test_without_files_no_tls_is_spoken() -> None:
    """As on loopback, and behind a proxy."""
    assert tls_context(At("", "", tls_proxy=True)) is None


def test_keys_are_of_their_owner_alone_and_what_is_there_stays(tmp_path: Path) -> None:
    """The command adds what is missing; it makes no second authority, and none anew that it was not told to."""
    run = CliRunner()
    first = run.invoke(tls, ["new", str(tmp_path / "t"), "postgres"])
    assert first.exit_code == 0, first.output
    kept = {path: path.read_bytes() for path in (tmp_path / "t").rglob("*") if path.is_file()}
    assert {path.name for path, _ in kept.items() if path.stat().st_mode & 0o077} == {"ca.pem", "cert.pem"}
    again = run.invoke(tls, ["new", str(tmp_path / "t"), "postgres", "kafka", "--group-readable"])
    assert again.exit_code == 0, again.output
    assert {path: path.read_bytes() for path in kept} == kept
    assert (tmp_path / "t/kafka/key.pem").stat().st_mode & 0o777 == 0o640
    renewed = run.invoke(tls, ["new", str(tmp_path / "t"), "postgres", "--renew"])
    assert renewed.exit_code == 0, renewed.output
    changed = {path.name for path, text in kept.items() if path.read_bytes() != text}
    assert changed == {"cert.pem", "key.pem", "server.pem"}


def test_a_certificate_names_its_server(folder: Path) -> None:
    """Whoever connects looks for the name by which they called."""
    certificate = x509.load_pem_x509_certificate((folder / "desk/cert.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["desk", "localhost"]


def test_an_authority_without_its_key_is_told(tmp_path: Path) -> None:
    """A folder that two authorities were copied into signs nothing."""
    make_certificates(tmp_path / "a", [], NOW)
    make_certificates(tmp_path / "b", [], NOW)
    (tmp_path / "a/ca.key").write_bytes((tmp_path / "b/ca.key").read_bytes())
    done = CliRunner().invoke(tls, ["new", str(tmp_path / "a"), "postgres"])
    assert done.exit_code == 1
    assert "ca.key is not the key of ca.pem" in done.output


def test_suites_have_forward_secrecy(folder: Path) -> None:
    """Whoever records the line and gets the key later reads nothing; nothing below TLS 1.2 is spoken."""
    context = tls_context(of(folder))
    assert context is not None and context.minimum_version is ssl.TLSVersion.TLSv1_2
    exchanges = {one["kea"] for one in context.get_ciphers()}
    assert exchanges <= {"kx-any", "kx-ecdhe", "kx-dhe"}, "kx-any is TLS 1.3, which has no other"
    assert all(
        one["aead"] or "SHA384" in one["name"] or "SHA256" in one["name"] for one in context.get_ciphers()[:6]
    )
