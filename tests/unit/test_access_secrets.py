"""The commands of access that want a secret: where there is no terminal it comes by standard input, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.panke import COMMAND

ASKING = ("sign-in --login li", "set-up", "second-factor", "password")


class Refusing(HTTPServer):
    """Answers 401 to everybody, and keeps what they said."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        super().__init__(("127.0.0.1", 0), _Refusal)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Refusal(BaseHTTPRequestHandler):
    server: Refusing

    def do_POST(self) -> None:
        self.server.said.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def access() -> Iterator[Refusing]:
    with Refusing() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(folder: Path, words: str, typed: str, address: str = "http://127.0.0.1:9") -> str:
    """What a command says on standard error, in a session of its own, which has no terminal."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "PANKE_SESSION_FILE": str(folder / "session.json"),
        "PANKE_ACCESS_ADDRESS": address,
    }  # fmt: skip
    done = subprocess.run(
        [*COMMAND, "access", *words.split()], env=environment, input=typed.encode(), capture_output=True,
        start_new_session=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, b"")
    return done.stderr.decode()


@pytest.mark.parametrize("words", [*ASKING, "sign-in --login li --password-stdin"])
def test_a_secret_that_cannot_be_had_is_refused_in_words(tmp_path: Path, words: str) -> None:
    """In one line, in both languages: no warning of Python, and no path of a program."""
    said = told(tmp_path, words, "")
    assert len(said.splitlines()) == 1 and "标准输入" in said and "standard input has no line for it" in said
    assert "Warning" not in said and ".py" not in said


def test_without_a_terminal_each_secret_is_a_line(tmp_path: Path, access: Refusing) -> None:
    """In the order in which a terminal would ask, the new password twice; by `--password-stdin` it is one line."""
    for words, typed in (
        ("set-up", "code\nsecret\nsecret\n"),
        ("set-up", "code\nsecret\nother\nsecret\nsecret\n"),
        ("set-up --code code --password-stdin", "secret\n"),
    ):
        said = told(tmp_path, words, typed, access.address)
        if words == "set-up" and "other" in typed:
            assert "the two are not the same" in said.splitlines()[0]
        assert "401" in said and "Warning" not in said and ".py" not in said
    assert access.said == [{"code": "code", "password": "secret"}] * 3
    told(tmp_path, "sign-in --login li", "secret\n", access.address)
    assert access.said[-1] == {"login": "li", "password": "secret"}


@pytest.mark.parametrize("words", ASKING)
def test_help_says_that_lines_are_read(words: str) -> None:
    shown = subprocess.run([*COMMAND, "access", words.split()[0], "--help"], capture_output=True, check=True)
    assert "read from standard input, a line each" in " ".join(shown.stdout.decode().split())
