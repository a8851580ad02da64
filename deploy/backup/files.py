"""The files of a deployment in one archive: rulebooks, schemes, alert policy, names, the log's; never a file of keys.

The checkpoint of the log is read first and its tiles behind it: they have at least what it leads to.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from deploy.backup.dump import BackupError
from shared.i18n import bilingual
from shared.platform.whole_file import open_private, whole_file

MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint"
KEYS: Final = ".keys"
MOST: Final = 1024**3
"""Bytes of one file; none of a deployment has as many."""


def archive(file: Path, named: Mapping[str, Path], keys: Collection[Path]) -> dict[str, str]:
    """Write what the names stand for, a file or a folder each; answers the digest of every file.

    A file of keys is refused wherever it stands: with it and a backup of the vault one has every text in clear.
    """
    forbidden = {path.resolve() for path in keys}
    digests: dict[str, str] = {}
    with whole_file(file, open_private) as output, tarfile.open(fileobj=output, mode="w:gz") as tar:
        for name, path in _files(named):
            if path.suffix == KEYS or path.resolve() in forbidden:
                raise BackupError(
                    bilingual(
                        "{path} is a file of keys: keep it apart, never in one file with anything else",
                        path=path,
                    )
                )
            _add(tar, name, path.read_bytes(), digests)
        _add(tar, MANIFEST, msgspec.json.format(msgspec.json.encode(digests)), {})
    return digests


def unpack(file: Path, into: Path) -> dict[str, str]:
    """Bring the files back below a folder that is empty or new. Raises `BackupError`, and nothing is there then."""
    files = read(file)
    if into.exists() and any(into.iterdir()):
        raise BackupError(bilingual("{into} is not empty", into=into))
    for name, raw in files.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}


def read(file: Path) -> dict[str, bytes]:
    """Every file of an archive that is whole, by name. Raises `BackupError`."""
    try:
        with tarfile.open(file, mode="r:gz") as tar:
            files = {member.name: _member(tar, member) for member in tar}
        wanted = msgspec.json.decode(files.pop(MANIFEST), type=dict[str, str])
    except (OSError, EOFError, KeyError, tarfile.TarError, msgspec.MsgspecError) as error:
        raise BackupError(
            bilingual("{file} is no whole archive: {why}", file=file, why=str(error) or type(error).__name__)
        ) from None
    found = {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}
    if found != wanted:
        other = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        raise BackupError(
            bilingual("files are not as they were archived: {names}", names=", ".join(other[:10]))
        )
    return files


def _files(named: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for name, path in named.items():
        if path.is_file():
            yield f"{name}/{path.name}", path
            continue
        if not path.is_dir():
            raise BackupError(bilingual("{path} is not there", path=path))
        inner = sorted(one for one in path.rglob("*") if one.is_file())
        for one in sorted(inner, key=lambda one: one.name != CHECKPOINT):
            yield str(PurePosixPath(name, one.relative_to(path).as_posix())), one


def _add(tar: tarfile.TarFile, name: str, raw: bytes, digests: dict[str, str]) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(raw)
    member.mode = 0o600
    tar.addfile(member, io.BytesIO(raw))
    digests[name] = hashlib.sha256(raw).hexdigest()


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    path = PurePosixPath(member.name)
    if not member.isfile() or path.is_absolute() or ".." in path.parts or member.size > MOST:
        raise tarfile.TarError(member.name)
    opened = tar.extractfile(member)
    assert opened is not None, "asked before"
    return opened.read()
