"""PostgreSQL 18 on this machine: the binaries of a wheel, driven by our own code.

ADR 0015 and hazards.md#a-wheels-helper-that-trusts-a-dead-server: the wheel's
own helper takes a dead server for a live one and speaks no TCP, so `initdb` and `postgres` are called here,
with a password of our own by which the server that answers is known to be ours.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.local.part import EmbeddedServer
from deploy.local.ports import HOST, LOOPBACK
from deploy.local.postgres_user import DATA, PART, ServerUser, binaries, open_directory, server_user
from deploy.local.private import FOLDER, PASSED, UMASK, write_private
from deploy.local.process import Running
from shared.platform.whole_file import new_private_file, open_private

_SUPERUSER = "panke"
_PORT = "port.json"
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
# Quick, and worth nothing after a power cut: for tests and the demonstration only. `synchronous_commit` stays
# on: without it kill -9 of the server alone would lose what was committed.
# Little is kept of what nobody would recover from: the data may lie in memory.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
# As root the server runs as another user, whose data (0700) may lie below: it may pass, and see nothing.


class EmbeddedPostgres(EmbeddedServer):
    """A server whose password, log and pid file live in `directory`, its data too where its user can go."""

    name = "postgres"

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        durable: bool = True,
        max_connections: int = 200,
        tied: bool = True,
        user: ServerUser | None = None,
    ) -> None:
        # SIGTERM would wait for every client to leave; SIGINT ends their sessions and shuts down cleanly.
        super().__init__(PART, directory, port, tied=tied, stop_signal=signal.SIGINT)
        self.durable = durable
        self.max_connections = max_connections
        self._user = user

    @property
    def dsn(self) -> str:
        return self.dsn_of("panke")

    def dsn_of(self, database: str) -> str:
        """The connection string of one database of this server, as a URL."""
        return f"postgresql://{_SUPERUSER}:{self._password()}@{self.address}/{database}"

    @property
    def data(self) -> Path:
        """The data directory, which lies elsewhere when the server's user cannot reach `directory`."""
        return open_directory(self.directory, self._server_user()) / DATA

    def start(self) -> Self:
        """Start the server and wait until it lets our own password in."""
        self._process.mode = PASSED if self._server_user().uid is not None else FOLDER
        return super().start()

    def owns(self, dsn: str) -> bool:
        """Whether a connection string is that of this server, as it listens now or listened before."""
        try:
            given = conninfo_to_dict(dsn)
            password = (self.directory / "password").read_text()
        except (psycopg.ProgrammingError, FileNotFoundError):
            return False
        return given.get("password") == password and given.get("host") in LOOPBACK

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        place = self.data.parent
        shutil.rmtree(self.data, ignore_errors=True)
        if place != self.directory:
            shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _prepared(self) -> Callable[[], None]:
        programs = binaries(self._server_user())
        self._initialised(programs)
        return partial(self._start_once, programs)

    def _server_user(self) -> ServerUser:
        if self._user is None:
            self._user = server_user()
        return self._user

    def _password(self) -> str:
        path = self.directory / "password"
        if not path.exists():
            new_private_file(path, secrets.token_urlsafe(24).encode())
        return path.read_text()

    def _start_once(self, programs: Path) -> None:
        self._port = self._choose_port()
        write_private(self.directory / _PORT, json.dumps(self._port))
        self._forget_dead_server()
        user = self._server_user()
        self._process.launch(
            [str(programs / "postgres"), "-D", str(self.data), *self._options()],
            environment=_ENVIRONMENT,
            user=user.uid,
            group=user.gid,
            tied=self.tied,
        )
        self._wait(self._lets_us_in)
        self._make_database()

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(self.max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %a ",
            **({} if self.durable else _NOT_DURABLE),
        }
        return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]

    def _last_port(self) -> int:
        memory = self.directory / _PORT
        return int(json.loads(memory.read_text())) if memory.is_file() else 0

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that was killed; where nobody reaps it, PostgreSQL takes it for alive.

        We hold the lock, which every process of that server held, so none of them is left.
        """
        file = self.data / "postmaster.pid"
        first = file.read_text().split()[:1] if file.exists() else []
        if first and first[0].isdecimal() and Running.of(int(first[0])) is None:
            file.unlink()

    def _lets_us_in(self) -> bool:
        try:
            psycopg.connect(make_conninfo(self.dsn_of("postgres"), connect_timeout=2)).close()
        except psycopg.OperationalError:
            return False  # not listening yet, recovering, or another server that does not know our password
        return True

    def _make_database(self) -> None:
        with psycopg.connect(self.dsn_of("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'panke'").fetchone()
            if found is None:
                connection.execute("CREATE DATABASE panke")

    def _initialised(self, programs: Path) -> None:
        """Make the data directory, aside and then put in place whole, when there is none yet."""
        data, user = self.data, self._server_user()
        if data.exists():
            return
        data.parent.mkdir(parents=True, exist_ok=True)
        fresh = data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        user.own(fresh)
        with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix=".password-") as password:
            password.write(self._password())
            password.flush()
            user.own(Path(password.name))
            self._run_initdb(programs, fresh, password.name)
        fresh.rename(data)

    def _run_initdb(self, programs: Path, data: Path, password: str) -> None:
        user = self._server_user()
        locale = [
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C.UTF-8",
        ]
        access = [f"--username={_SUPERUSER}", f"--pwfile={password}", "--auth=scram-sha-256"]
        with open(self.log, "ab", opener=open_private) as log:
            done = subprocess.run(
                [str(programs / "initdb"), "-D", str(data), *locale, *access],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self._process.held,
                env=_ENVIRONMENT,
                cwd="/",
                umask=UMASK,
                user=user.uid,
                group=user.gid,
                extra_groups=None if user.uid is None else [],
                check=False,
            )
        if done.returncode != 0:
            raise self._why_ended()
