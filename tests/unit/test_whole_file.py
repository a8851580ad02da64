"""A file that takes its name when it is whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from shared.platform.whole_file import NotPlainFileError, private_file, whole_file


def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path) -> None:
    """A device or a pipe of that name stays one, and nothing is left beside it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(NotPlainFileError) as refused, whole_file(pipe):
        pass
    assert str(refused.value).startswith(f"{pipe}: ")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What it leads to decides, and takes what is written."""
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(os.devnull)
    with pytest.raises(NotPlainFileError), whole_file(link):
        pass
    link.unlink()
    link.symlink_to(file)
    with whole_file(link) as output:
        output.write(b"whole")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"whole")


def test_after_an_error_stands_what_stood_before(tmp_path: Path) -> None:
    """Half a file is never seen under the name."""
    file = tmp_path / "file"
    file.write_bytes(b"before")
    with pytest.raises(RuntimeError), whole_file(file) as output:
        output.write(b"half")
        raise RuntimeError
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(file, b"before")]


def test_a_private_file_is_read_by_nobody_who_held_a_half_written_one_open(tmp_path: Path) -> None:
    """What an earlier writer left is not written on; nobody but the owner may open what stands under the name."""
    keys, left = tmp_path / "keys", tmp_path / "keys.partial"
    left.touch(0o666)
    with left.open("rb") as held:
        with private_file(keys) as file:
            file.write(b"secret")
        assert held.read() == b""
    assert (keys.read_bytes(), keys.stat().st_mode & 0o777) == (b"secret", 0o600)
