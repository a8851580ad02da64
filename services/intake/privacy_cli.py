"""`panke privacy`: a copy of what is held on somebody, erasure, what is left to erase, and how long is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from services.intake.privacy_deployment import PrivacyDeployment, connected, opened_for, opened_scope
from shared.access.options import access_address, as_machine
from shared.i18n import bilingual, listed
from shared.platform.options import clock, database_url, keys, vault_url
from shared.platform.text.terminal import PlainGroup, say
from shared.platform.text.terminal import output as out
from shared.platform.whole_file import private_file

if TYPE_CHECKING:
    from services.intake.privacy.erasure import Erased

F = TypeVar("F", bound=Callable[..., Any])

_ADDRESSES: Final = {
    "intake": "http://127.0.0.1:8001",
    "attribution": "http://127.0.0.1:8002",
    "notifier": "http://127.0.0.1:8003",
}


def _address(service: str) -> Callable[[F], F]:
    variable = f"PANKE_{service.upper()}_ADDRESS"
    return click.option(
        f"--{service}",
        envvar=variable,
        default=_ADDRESSES[service],
        show_default=True,
        help=f"where {service} answers; or {variable}",
    )


def _together(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorated(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


_scope = click.option("--scope", required=True, help="the ownership scope")
_keys = click.option(
    "--keys", envvar="PANKE_KEYS", required=True, metavar="FILE", help="the file of keys; or PANKE_KEYS"
)
_whom = _together(
    click.argument("contact", required=False),
    click.option(
        "--customer", metavar="ID", help="the id of the customer, or the case number, instead of a contact"
    ),
)
_file = click.Path(dir_okay=False, path_type=Path)
_by = click.option("--by", required=True, help="the id of the member of staff who has it done")
_despite = click.option(
    "--despite-by", help="the manager who says so although a dispute or an unsigned deal needs the person"
)


_services = _together(
    vault_url, _address("intake"), _address("attribution"), _address("notifier"), access_address, as_machine, clock,
    database_url,
)  # fmt: skip
_deployment = _together(_keys, _services)


@click.group(cls=PlainGroup)
def privacy() -> None:
    """The rights of people whose data is held: a copy, erasure, and how long it is kept."""


@privacy.command()
@_whom
@_scope
@click.option("--page", type=_file, help="a file for the same as one page to print, HTML")
@click.option("--output", type=_file, help="a file for the JSON, instead of standard output")
@keys
@_services
def export(
    contact: str | None, customer: str | None, page: Path | None, output: Path | None, **deployment: Any
) -> None:
    """Write all that is held on the customer of CONTACT, with where each thing came from.

    What is of others in the same records stays closed. The files are readable by you alone.
    """
    import msgspec

    from services.intake.privacy.page import page_of

    with opened_for(contact, customer, **deployment) as opened:
        found = _customer(opened, customer)
        made = _copy(opened, found)
        _record_opening(opened, found)
    if page is not None:
        with private_file(page) as file:
            file.write(page_of(made))
    text = msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"
    if output is None:
        out().write(text)
    else:
        with private_file(output) as file:
            file.write(text)


def _record_opening(opened: PrivacyDeployment, customer: str | None) -> None:
    """Durable before anything is written, and sent on by intake: who has keys and password passes by no door."""
    from msgspec.structs import replace

    from shared.access.reports import exported_by_command, put

    made = exported_by_command("panke privacy export", opened.people.scope, datetime.now(UTC))
    put(opened.journal, [replace(made, act="opened", customer=customer)])


def _copy(opened: PrivacyDeployment, customer: str | None) -> dict[str, Any]:
    from services.intake.privacy.copies import alerts_on, copy_of_contact, copy_of_customer
    from services.intake.privacy.entries import linked_entries, own_ids

    people, now = opened.people, opened.now()
    if customer is None:
        contact = opened.contact or ""
        keys = people.keys_of(set(people.of_contacts([contact]).values()))
        return copy_of_contact(people.scope, contact, people.facts_that_name(set(keys)), keys, now)
    holdings = opened.reader.holdings(customer)
    facts = people.facts(holdings.records)
    keys = people.keys_of(opened.eraser.held(holdings)[0])
    entries = linked_entries(people, holdings).all
    known = {fact.seq for fact in (*facts, *entries)}
    mentions = [fact for fact in people.facts_that_name(set(keys)) if fact.seq not in known]
    alerts = alerts_on(opened.services, people.scope, holdings.customer.customer)
    return copy_of_customer(holdings, facts, entries, own_ids(people, holdings), mentions, keys, alerts, now)


@privacy.command()
@_whom
@_scope
@click.option("--reason", required=True, help="why; it is kept, so it names nobody")
@click.option("--asked-by", required=True, help="who asked, in what capacity; it is kept, so it names nobody")
@_by
@_despite
@_deployment
def erase(
    contact: str | None,
    customer: str | None,
    reason: str,
    asked_by: str,
    by: str,
    despite_by: str | None,
    **deployment: Any,
) -> None:
    """Erase the customer of CONTACT: destroy the keys of all that was recorded of them, for good.

    Owners, deals and histories stand, and nobody reads any more whom they are of. The journal records it first. A
    command that was cut off is given again, and goes on.
    """
    from services.intake.privacy.erasure import ErasureOrder

    order = ErasureOrder(reason, asked_by, by.strip(), despite_by)
    with opened_for(contact, customer, **deployment) as opened:
        found = _customer(opened, customer)
        if found is not None:
            erased = opened.eraser.erase(found, order)
        else:
            erased = opened.eraser.erase_contact(opened.contact or "", order)
        opened.people.scrub()
        _report(erased)


@privacy.command()
@click.option("--scope", help="of this scope alone")
@click.option("--finish", is_flag=True, help="destroy the keys that are there all the same")
@vault_url
@database_url
def pending(scope: str | None, finish: bool, vault_url: str | None, database_url: str) -> None:
    """Erasures that are recorded, and whose keys are there all the same: a command was cut off, or a vault restored.

    Give it after each restore of the vault, with --finish.
    """
    from services.intake.privacy.people import recorded_erasures, there
    from shared.sealing.vault import destroy, scrub

    with (
        connected(database_url, "intake") as journal,
        connected(vault_url or database_url, "vault") as keys,
    ):
        for one in recorded_erasures(journal, scope):
            left = there(keys, one.people)
            if left:
                say(f"{one.scope}\tseq {one.seq}\t{one.event}\t{one.recorded_at}\t{one.by}\t{len(left)}")
            if left and finish:
                destroy(keys, left)
                say(bilingual("destroyed: {count} keys", count=len(left)))
        if finish:
            scrub(keys)


@privacy.command()
@_scope
@click.option(
    "--months",
    type=click.IntRange(min=1, max=1200),
    required=True,
    help="kept after the last record, without a deal",
)
@click.option("--erase", "erasing", is_flag=True, help="erase them; otherwise they are listed")
@click.option("--by", help="with --erase: the id of the member of staff who answers for it")
@_deployment
def retention(months: int, erasing: bool, by: str | None, **deployment: Any) -> None:
    """List of whom nothing was recorded for so many months, and who has no deal; with --erase, erase them.

    Whoever is in a dispute is listed as kept, and is kept.
    """
    from services.intake.privacy.erasure import ErasureOrder
    from services.intake.privacy.retention import Retention, months_before
    from shared.contract.case_numbers import case_number

    if erasing and not (by or "").strip():
        raise click.UsageError(bilingual("--erase needs --by"))
    reason = bilingual("nothing was recorded for {months} months", months=months)
    order = ErasureOrder(reason, bilingual("retention"), (by or "").strip())
    with opened_scope(**deployment) as opened:
        found = Retention(opened.people, opened.reader, opened.eraser)
        due = list(found.overdue(months_before(opened.now(), months)))
        for one in due:
            whom = f"{case_number(one.customer)}\t{one.customer}" if one.customer else f"-\t{one.event}"
            kept = bilingual("kept: {reasons}", reasons=listed(one.kept)) if one.kept else reason
            say(f"{whom}\t{one.last.isoformat()}\t{kept}")
        for one in (one for one in due if erasing and not one.kept):
            if one.customer is not None:
                _report(opened.eraser.erase(one.customer, order))
            else:
                _report(opened.eraser.erase_record(one.event or "", order))
        if erasing:
            opened.people.scrub()


def _report(erased: Erased) -> None:
    if not erased.people:
        say(bilingual("nothing is held there that could be erased"))
    for event in erased.events:
        say(bilingual("recorded: {event}", event=event))
    if erased.people:
        say(bilingual("destroyed: {count} keys", count=erased.people))
    for id_ in erased.kept:
        say(
            bilingual(
                "kept, since it is another customer's contact now: {id}. What was recorded under it is to be corrected "
                "or erased with that customer",
                id=id_,
            ),
            err=True,
        )


def _customer(opened: PrivacyDeployment, named: str | None) -> str | None:
    """The customer whom the command names, if anybody is one by that contact."""
    if opened.contact is not None:
        return opened.reader.customer_of(opened.contact)
    found = opened.reader.customer_named(named or "")
    if found is None:
        raise click.ClickException(bilingual("there is no customer {customer}", customer=named))
    return found
