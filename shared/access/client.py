"""A client of access for commands: the session that it keeps, and calls with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx
import msgspec
from msgspec import Struct

from shared.access.machine import MachineTokenError, MachineTokens
from shared.i18n import bilingual, translated
from shared.platform.whole_file import private_file

WAIT: Final = 30.0
_SOON: Final = 20.0
"""Seconds before its end at which a token is taken for over."""


class CallRefusedError(Exception):
    """What access said instead of an answer."""

    def __init__(self, text: str, path: str | None = None) -> None:
        super().__init__(text)
        self.path = path


class KeptSession(Struct, frozen=True):
    """What a sign-in came to, as it is kept; `address` is whose it is."""

    address: str
    login: str
    access_token: str
    refresh_token: str
    expires_at: float


def session_file(environment: Mapping[str, str]) -> Path:
    """Where the session is kept: as set, else in the user's state folder."""
    if given := environment.get("PANKE_SESSION_FILE"):
        return Path(given)
    state = environment.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "panke" / "session.json"


class AccessClient:
    """Calls to one access service."""

    def __init__(self, address: str, file: Path, now: Callable[[], float] = time.time) -> None:
        self.address = address.rstrip("/")
        self._file = file
        self._now = now
        self._http = httpx.Client(base_url=self.address, timeout=WAIT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_in(self, login: str, password: str, ask: Callable[[str], str]) -> bool:
        """Sign in, and keep what is had; `ask` is for the second factor, where there is one. Whether one is needed that
        the account does not have."""
        given = {"login": login, "password": password}
        told = self.proved("/v1/access/sign-in", given, ask, signed=False)
        self.keep(told)
        return bool(told.get("second_factor_needed"))

    def proved(
        self, path: str, given: Mapping[str, str], ask: Callable[[str], str], *, signed: bool = True
    ) -> Any:
        """The answer to a password and, where a second factor is asked for, to the code that `ask` has."""
        try:
            return self.call("POST", path, given, signed=signed)
        except CallRefusedError as error:
            if error.path != "code":
                raise
        code = ask(translated("code of the authenticator").beside)
        return self.call("POST", path, {**given, "code": code}, signed=signed)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        signed: bool = True,
    ) -> Any:
        """The answer as JSON. Raises `CallRefusedError` with what the problem document says."""
        headers = {"Authorization": f"Bearer {self.token()}"} if signed else {}
        given: dict[str, Any] = {} if body is None else {"json": body}
        try:
            answer = self._http.request(method, path, headers=headers, params=dict(query or {}), **given)
        except httpx.HTTPError as error:
            raise CallRefusedError(
                bilingual(
                    "access does not answer at {address}: {error}",
                    address=self.address,
                    error=type(error).__name__,
                )
            ) from None
        if answer.is_success:
            return answer.json() if answer.content else None
        raise _refusal(answer)

    def account(self, login: str) -> str:
        """The id of an account by its login."""
        after: dict[str, str] = {}
        while True:
            page = self.call("GET", "/v1/access/accounts", query={"limit": "500", **after})
            found = [one["account"] for one in page["accounts"] if one["login"] == login.strip().lower()]
            if found:
                return str(found[0])
            if page["next"] is None:
                raise CallRefusedError(bilingual("there is no account {login}", login=login))
            after = {"after": page["next"]}

    def keep(self, told: Mapping[str, Any]) -> None:
        """Keep a session where nobody else can read it."""
        session = KeptSession(
            self.address, told["login"], told["access_token"], told["refresh_token"],
            self._now() + told["expires_in"],
        )  # fmt: skip
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_file(self._file) as file:
            file.write(msgspec.json.encode(session))

    def session(self) -> KeptSession:
        """The session that is kept for this address. Raises `CallRefusedError` where there is none."""
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=KeptSession)
        except (OSError, msgspec.DecodeError):
            raise _signed_out() from None
        if kept.address != self.address:
            raise _signed_out()
        return kept

    def forget(self) -> None:
        """Nobody is signed in here any more."""
        self._file.unlink(missing_ok=True)

    def token(self, *, renew: bool = False) -> str:
        """A token that is still good, or a new one; raises `CallRefusedError`."""
        kept = self.session()
        if renew or kept.expires_at - _SOON <= self._now():
            given = {"refresh_token": kept.refresh_token}
            self.keep(self.call("POST", "/v1/access/refresh", given, signed=False))
            kept = self.session()
        return kept.access_token


def _signed_out() -> CallRefusedError:
    return CallRefusedError(bilingual("nobody is signed in here: panke access sign-in"))


def _refusal(answer: httpx.Response) -> CallRefusedError:
    try:
        problem = answer.json()
        errors = problem.get("errors") or [{}]
        return CallRefusedError(str(problem["detail"]), errors[0].get("path"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return CallRefusedError(f"{answer.status_code} {answer.reason_phrase}")


def headers_of_caller(environment: Mapping[str, str], address: str, machine: Path | None) -> dict[str, str]:
    """What a command's call to a service carries: of the machine that is named, else of whoever is signed in here.

    Raises `CallRefusedError`.
    """
    if machine is not None:
        try:
            return MachineTokens(machine, address, time.monotonic).headers()
        except MachineTokenError as error:
            raise CallRefusedError(str(error)) from None
    with AccessClient(address, session_file(environment)) as client:
        return {"Authorization": f"Bearer {client.token()}"}
