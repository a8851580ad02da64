"""The commands of a witness. It needs neither database nor broker, and nothing of the deployment whose log it sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.i18n import bilingual
from shared.platform.options import settings_refused
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from shared.tlog.notes import Cosigner

_file = click.Path(dir_okay=False, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class WitnessAddress:
    """Where the witness listens."""

    host: str
    port: int
    tls_cert: str
    tls_key: str
    tls_proxy: bool


@click.group(cls=PlainGroup)
def witness() -> None:
    """Sign checkpoints of a log for whoever shall not be shown another one."""


@witness.group("keys", cls=PlainGroup)
def witness_keys() -> None:
    """The key by which a witness signs."""


@witness_keys.command("new")
@click.argument("path", type=_file)
@click.option("--name", required=True, help="of the witness, such as witness.example.com/w1")
def keys_new(path: Path, name: str) -> None:
    """Make the key of a witness, readable by you alone; a file that is there stays."""
    from shared.platform.whole_file import private_file
    from shared.tlog.private_keys import new_private_key

    if path.exists():
        raise click.ClickException(bilingual("{path} is there already", path=path))
    try:
        line = new_private_key(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--name") from None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_file(path) as file:
        file.write(f"{line}\n".encode())
    _show(path)


@witness_keys.command("status")
@click.argument("path", type=_file)
def keys_status(path: Path) -> None:
    """Show the verifier key, as a policy names it."""
    _show(path)


@witness.command()
@click.option("--keys", "path", required=True, type=_file, help="the file of panke witness keys new")
@click.option(
    "--logs", required=True, type=_file, help="policy that names the logs: log VKEY, and quorum none"
)
@click.option("--folder", required=True, type=_folder, help="where the last checkpoint of each log is kept")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8007, show_default=True, type=click.IntRange(0, 65535))
@click.option("--tls-cert", default="", help="certificate chain, PEM")
@click.option("--tls-key", default="", help="its private key, PEM")
@click.option("--tls-proxy", is_flag=True, help="a proxy before it speaks TLS")
def serve(
    path: Path, logs: Path, folder: Path, host: str, port: int, tls_cert: str, tls_key: str, tls_proxy: bool
) -> None:
    """Serve until a signal."""
    from services.witness.http import witness_app
    from services.witness.keeping import KnownLogs, WitnessBook, WitnessFolderError
    from shared.platform.clock import MachineClock
    from shared.platform.http.app import serve as serve_app
    from shared.platform.telemetry.telemetry import configure_logging
    from shared.tlog.errors import TlogError

    configure_logging("witness")
    try:
        known = KnownLogs(logs)
        known.keys()
        book = WitnessBook(folder, _cosigner(path), known, MachineClock().now)
    except (TlogError, WitnessFolderError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from None
    try:
        with settings_refused():
            serve_app(witness_app(book), WitnessAddress(host, port, tls_cert, tls_key, tls_proxy))
    finally:
        book.close()


def _cosigner(path: Path) -> Cosigner:
    from shared.platform.whole_file import read_private
    from shared.tlog.notes import Cosigner
    from shared.tlog.private_keys import read_private_key

    return Cosigner(*read_private_key(read_private(path).decode("ascii", "replace")))


def _show(path: Path) -> None:
    from shared.tlog.errors import TlogError

    try:
        vkey = _cosigner(path).verifier.vkey
    except (TlogError, OSError) as error:
        raise click.ClickException(str(error)) from None
    say(vkey)
