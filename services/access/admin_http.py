"""What administrators do with accounts, and what auditors read, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query, Request
from msgspec import UNSET
from starlette.responses import Response

from services.access.accounts.accounts import Accounts, By, MadeAccount
from services.access.http import add_get, add_post, address_of, as_json, refused_field
from services.access.model import calls
from services.access.model.decoding import decode_body
from services.access.model.log_page import AccessLogPage, ChainEnd, LoggedEntry
from services.access.model.refusals import UnknownAccountError
from services.access.record.entry import AccessEntry
from services.access.record.record import AccessRecord, RecordQuery
from shared.access.caller import EVERY_SCOPE, GrantedRole
from shared.access.guard import caller_of, permits_of
from shared.access.report import AccessReport
from shared.contract import BadEvent, format_instant, parse_instant, parse_query_instant
from shared.contract.schema import INSTANT
from shared.i18n import bilingual
from shared.platform.http.openapi import Document, answer, body, named
from shared.platform.threads import Threads

_BODIES: Final = (calls.AccountAsked, calls.AccountChange, calls.GrantAsked, calls.OpeningsAsked)
_MADE, _ASKED = named(*_BODIES, nullable=False)
_BODY: Final[dict[type, Document]] = dict(zip(_BODIES, _MADE, strict=True))
(_SECRET, _PAGE, _STAFF, _GRANTS, _GRANT, _TAKEN, _LOG), _ANSWERS = named(
    calls.AccountSecret,
    calls.AccountsPage,
    calls.StaffAccountsPage,
    calls.GrantsAnswer,
    calls.GrantMade,
    calls.OpeningsTaken,
    AccessLogPage,
)
SCHEMAS: Final[dict[str, Document]] = _ANSWERS | _ASKED

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "No such account or grant"},
    409: {"description": "It contradicts what is there"},
    422: {"description": "Bad input"},
}
_Limit = Annotated[int, Query(ge=1, le=500)]
_Word = Annotated[str | None, Query(max_length=200, pattern=calls.PLAIN)]
_Moment = Annotated[
    str | None, Query(max_length=40, description="RFC 3339 with offset", json_schema_extra=INSTANT)
]


class AdministrationApi:
    """Accounts, grants, and the record of access."""

    def __init__(self, accounts: Accounts, record: AccessRecord, threads: Threads) -> None:
        self._accounts = accounts
        self._record = record
        self._threads = threads

    async def accounts(
        self, kind: Annotated[str | None, Query(pattern="^(person|machine)$")] = None,
        account: UUID | None = None, after: _Word = None, limit: _Limit = 100,
    ) -> Response:  # fmt: skip
        """Accounts by login, or one."""
        one = None if account is None else str(account)
        rows = await self._threads.run(self._accounts.page, kind, after, limit, one)
        following = rows[-1][2] if len(rows) == limit else None
        return as_json(calls.AccountsPage([_listed(row) for row in rows], following))

    async def staff(
        self, request: Request, scope: _Word = None, after: _Word = None, limit: _Limit = 100
    ) -> Response:
        """Who is enrolled, as far as the caller's roles reach, and whether an account is linked with them."""
        beyond, _, staff = (after or "/").partition("/")
        rows = await self._threads.run(self._accounts.staff, scope, (beyond, staff), limit)
        following = f"{rows[-1][0]}/{rows[-1][1]}" if len(rows) == limit else None
        permits = permits_of(request)
        told = [
            calls.StaffAccount(scope, staff, office, role, state, login)
            for scope, staff, office, role, login, state in rows
            if any(one.covers(scope, office) for one in permits)
        ]
        return as_json(calls.StaffAccountsPage(told, following))

    async def make(self, request: Request) -> Response:
        """A new account. What it is set up with stands in this answer and nowhere else."""
        asked = decode_body(await request.body(), calls.AccountAsked)
        given = (asked.kind, asked.login, _links(asked.staff), _by(request))
        return _made(await self._threads.run(self._accounts.make, *given), 201)

    async def change(self, request: Request, account: UUID) -> Response:
        """Disable or enable an account, say by which ids records and providers name its person."""
        asked = decode_body(await request.body(), calls.AccountChange)
        by, id = _by(request), str(account)
        if asked.staff is not None or asked.identities is not None:
            staff = None if asked.staff is None else _links(asked.staff)
            known = asked.identities
            identities = None if known is None else [(one.provider, one.subject) for one in known]
            await self._threads.run(self._accounts.link, id, staff, identities, by)
        if asked.disabled is not None:
            await self._threads.run(self._accounts.disable, id, asked.disabled, by)
        return Response(status_code=204)

    async def renew(self, request: Request, account: UUID) -> Response:
        """A new set-up code or a new secret. A person's password, second factor and sessions are over."""
        return _made(await self._threads.run(self._accounts.renew, str(account), _by(request)), 200)

    async def grants(self, account: UUID | None = None) -> Response:
        """The grants that stand."""
        rows = await self._threads.run(self._accounts.grants, None if account is None else str(account))
        told = [
            calls.ListedGrant(str(id), str(of), login, role, tuple(scopes), format_instant(made_at))
            for id, of, login, role, scopes, made_at in rows
        ]
        return as_json(calls.GrantsAnswer(told))

    async def grant(self, request: Request) -> Response:
        """Give a role over scopes; it holds from the next token on."""
        asked = decode_body(await request.body(), calls.GrantAsked)
        role = GrantedRole(asked.role, asked.scopes)
        made = await self._threads.run(self._accounts.grant, _uuid(asked.account), role, _by(request))
        return Response(msgspec.json.encode(calls.GrantMade(made)), 201, media_type="application/json")

    async def end_grant(self, request: Request, grant: UUID) -> Response:
        """Take a granted role away; it is gone from the next token on."""
        await self._threads.run(self._accounts.end_grant, str(grant), _by(request))
        return Response(status_code=204)

    async def openings(self, request: Request) -> Response:
        """What a service reports of personal data that it showed; a report that came before changes nothing."""
        asked = decode_body(await request.body(), calls.OpeningsAsked)
        service = caller_of(request).login
        entries = [_reported(one, service) for one in asked.openings]
        taken = await self._threads.run(self._record.add, *entries)
        return as_json(calls.OpeningsTaken(taken))

    async def log(
        self, request: Request, act: _Word = None, account: _Word = None, scope: _Word = None,
        customer: _Word = None, since: _Moment = None, until: _Moment = None,
        before: Annotated[int | None, Query(ge=1, description="the `next` of a page")] = None, limit: _Limit = 100,
    ) -> Response:  # fmt: skip
        """The record of access, the newest first. Whoever reads it is on it. An auditor of one scope sees what
        concerns that scope."""
        asked = RecordQuery(
            before, act, account, scope, customer, _moment("since", since), _moment("until", until),
            _scopes(request), limit,
        )  # fmt: skip
        return as_json(await self._threads.run(self._read, request, asked))

    def _read(self, request: Request, asked: RecordQuery) -> AccessLogPage:
        if asked.before is None:  # a page that follows is of the same reading
            who = _by(request).entry()
            detail = ", ".join(
                f"{k}={v}" for k in ("act", "account", "scope", "customer") if (v := getattr(asked, k))
            )
            self._record.add(
                self._record.entry("record_read", scope=asked.scope, detail=detail[:200] or None, **who)
            )
        head = self._record.head()
        found = self._record.page(asked)
        following = found[-1][0] if len(found) == asked.limit else None
        linked = self._accounts.linked_staff(
            {entry.account for _, entry in found if entry.account is not None}
        )
        entries = [
            LoggedEntry(
                seq, **_known(msgspec.structs.asdict(entry)),
                staff=linked.get((entry.account or "", entry.scope or ""), UNSET),
            )
            for seq, entry in found
        ]  # fmt: skip
        return AccessLogPage(entries, following, ChainEnd(head.seq, head.digest.hex()))


def add_administration(app: FastAPI, api: AdministrationApi) -> None:
    """The routes of administrators, of auditors, and of services that report."""
    tags: list[str | Enum] = ["administration"]
    record: list[str | Enum] = ["record of access"]
    made = {201: answer("Made", _SECRET), **_REFUSALS}
    done = {204: {"description": "Done"}, **_REFUSALS}
    renewed = {200: answer("Renewed", _SECRET), **_REFUSALS}
    granted = {201: answer("Granted", _GRANT), **_REFUSALS}
    taken: dict[int | str, dict[str, Any]] = {200: answer("On the record", _TAKEN), 422: _REFUSALS[422]}
    base = "/v1/access"
    add_get(app, f"{base}/accounts", api.accounts, "Accounts by login", answer("A page", _PAGE), tags)
    add_get(
        app, f"{base}/staff", api.staff, "Who is enrolled and has an account", answer("A page", _STAFF), tags
    )
    add_post(app, f"{base}/accounts", api.make, "Make an account", made, tags, _extra(calls.AccountAsked))
    one = f"{base}/accounts/{{account}}"
    add_post(app, one, api.change, "Change an account", done, tags, _extra(calls.AccountChange), "PATCH")
    add_post(app, f"{one}/renewal", api.renew, "Have a new code or secret for an account", renewed, tags, {})
    add_get(app, f"{base}/grants", api.grants, "Grants that stand", answer("The grants", _GRANTS), tags)
    add_post(
        app, f"{base}/grants", api.grant, "Give a role over scopes", granted, tags, _extra(calls.GrantAsked)
    )
    add_post(
        app, f"{base}/grants/{{grant}}", api.end_grant, "Take a granted role away", done, tags, {}, "DELETE"
    )
    add_get(app, f"{base}/log", api.log, "The record of access", answer("A page", _LOG), record)
    add_post(
        app, f"{base}/openings", api.openings, "Report personal data that was shown", taken, record,
        _extra(calls.OpeningsAsked),
    )  # fmt: skip


def _extra(asked: type[calls.AskedBody]) -> Document:
    return body(_BODY[asked], (asked.__doc__ or "").strip())


def _by(request: Request) -> By:
    return By(caller_of(request), address_of(request))


def _links(staff: Sequence[calls.StaffLink]) -> list[tuple[str, str]]:
    return [(one.scope, one.staff) for one in staff]


def _made(account: MadeAccount, status: int) -> Response:
    given = _known({"set_up_code": account.set_up_code, "secret": account.secret})
    told = calls.AccountSecret(account.account, account.login, **given)
    response = as_json(told)
    response.status_code = status
    return response


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Without what does not apply."""
    return {name: value for name, value in values.items() if value is not None}


def _listed(row: Any) -> calls.ListedAccount:
    id, kind, login, password, totp, made_at, disabled_at, staff, identities = row
    return calls.ListedAccount(
        str(id), login, kind, password, totp, format_instant(made_at),
        None if disabled_at is None else format_instant(disabled_at),
        msgspec.convert(staff, list[calls.StaffLink]), msgspec.convert(identities, list[calls.IdentityLink]),
    )  # fmt: skip


def _reported(one: AccessReport, service: str) -> AccessEntry:
    known = msgspec.structs.asdict(one)
    known["at"] = format_instant(_checked("openings.at", parse_instant, one.at))
    return replace_service(AccessEntry(**known), service)


def replace_service(entry: AccessEntry, service: str) -> AccessEntry:
    """The entry as reported by a service, whatever it says of itself."""
    return msgspec.structs.replace(entry, service=service)


def _scopes(request: Request) -> tuple[str, ...] | None:
    """The scopes that the caller may read of; None: all."""
    scopes = {scope for permit in permits_of(request) for scope in permit.scopes}
    return None if EVERY_SCOPE in scopes else tuple(sorted(scopes))


def _moment(name: str, text: str | None) -> datetime | None:
    return None if text is None else _checked(name, parse_query_instant, text)


def _checked(name: str, parse: Callable[[str, str], datetime], text: str) -> datetime:
    try:
        return parse(text, name)
    except BadEvent as error:
        raise refused_field(name, error.rule, error.message) from None


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise UnknownAccountError(bilingual("there is no such account")) from None
