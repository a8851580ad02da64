"""What `make` deletes: data only by the target that says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the Makefile, an environment, a cache and the data of a stack that does not run."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "requirements").mkdir()
    for name in ("bootstrap.txt", "dev.txt"):
        (tmp_path / "requirements" / name).touch()
    (tmp_path / ".mypy_cache").mkdir()
    for name in ("up", "demo"):
        kept = tmp_path / ".panke" / name / "intake"
        kept.mkdir(parents=True)
        (kept / "journal").write_text("facts")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    panke = programs / "panke"
    panke.write_text(f'#!/bin/sh\nexec {sys.executable} -m shared.cli "$@"\n')
    panke.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    return tmp_path


def make(folder: Path, *arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PANKE_", "MAKE"))}
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=folder,
        env=environment | {"PANKE_LOCAL": str(folder / ".panke"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_clean_keeps_all_data(folder: Path) -> None:
    """`make clean` deletes the environment and the caches, and neither the journal nor anything else of `.panke`."""
    make(folder, "clean")
    assert not (folder / ".venv").exists()
    assert not (folder / ".mypy_cache").exists()
    assert [(folder / ".panke" / name / "intake" / "journal").read_text() for name in ("up", "demo")] == [
        "facts",
        "facts",
    ]


def test_data_go_by_the_target_that_says_so(folder: Path) -> None:
    """`make clean-data` deletes the data and leaves the environment; `make help` says what each of the two deletes."""
    told = {line.split()[1]: line for line in make(folder).splitlines() if line.startswith("  make clean")}
    assert "data stay" in told["clean"]
    assert "DELETE THE JOURNAL" in told["clean-data"]
    make(folder, "clean-data")
    assert not (folder / ".panke").exists()
    assert (folder / ".venv").exists()
