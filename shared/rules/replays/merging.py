"""The whole of a replay from what came of its scopes, by their names: the same however it was spread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Raw

from shared.contract import format_instant
from shared.contract.answers.replays import (
    ReplayAsked,
    ReplayCounts,
    ReplayedConsultant,
    ReplayedMovement,
    ReplayResult,
)
from shared.contract.answers.result import RulebookDigest
from shared.i18n import bilingual
from shared.ids import EventId, ScopeId, StaffId
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.amounts import in_yuan
from shared.rules.judge.reading import BadInputError
from shared.rules.judge.result import instant
from shared.rules.replays.change import ReplaySetup
from shared.rules.replays.difference import MovedSum, Way
from shared.rules.replays.scope import ScopeReplay, UnknownFactError


def merged(parts: Iterable[ScopeReplay], setup: ReplaySetup) -> ReplayResult:
    """The difference of all scopes.

    Raises `UnknownFactError`, and `BadInputError` for what only shows across scopes.
    """
    scopes = sorted(parts, key=lambda part: part.scope)
    _check(scopes, setup)
    moved = _moved(scopes)
    return ReplayResult(
        rulebook=digest_of(setup.opening),
        changed=_asked(setup),
        as_of=instant(setup.as_of),
        scopes=[ScopeId(part.scope) for part in scopes],
        counts=_counts(scopes, moved),
        consultants=_consultants(moved),
        movements=_movements(moved),
        customers=[Raw(one) for part in scopes for one in part.customers],  # type: ignore[misc]
        deals=[Raw(one) for part in scopes for one in part.deals],  # type: ignore[misc]
    )


def digest_of(book: Rulebook) -> RulebookDigest:
    """A rulebook as answers name it."""
    return RulebookDigest(book.name, book.version, book.sha256)


def _asked(setup: ReplaySetup) -> ReplayAsked:
    change = setup.change
    return ReplayAsked(
        rulebook=None if change.rulebook is None else digest_of(change.rulebook),
        drop=sorted(change.drop),
        add=[EventId(event.id) for event in change.add],
        customers=None if change.customers is None else sorted(change.customers),
        known_at=None if setup.known_at is None else format_instant(setup.known_at),
    )


def _check(scopes: list[ScopeReplay], setup: ReplaySetup) -> None:
    """What the input as a whole must hold to: each id and each office in one scope, nothing named that is not there."""
    dropped, aside = ({id_ for part in scopes for id_ in ids(part)} for ids in (_dropped, _aside))
    for path, unknown in (("drop", setup.change.drop - dropped), ("set_aside", setup.aside - aside)):
        if unknown:
            raise UnknownFactError.of(path, min(unknown))
    offices: dict[str, str] = {}
    ids: set[bytes] = set()
    for part in scopes:
        for office in part.offices:
            other = offices.setdefault(office, part.scope)
            if other != part.scope:
                raise BadInputError(0, "office", _two_scopes(office, other, part.scope))
        mine = {part.ids[start : start + 16] for start in range(0, len(part.ids), 16)}
        for twice in ids & mine:
            told = bilingual("{id} stands twice with different content", id=_written(twice))
            raise BadInputError(0, "id", told)
        ids |= mine if len(scopes) > 1 else set()


def _dropped(part: ScopeReplay) -> list[str]:
    return part.dropped


def _aside(part: ScopeReplay) -> list[str]:
    return part.aside


def _two_scopes(office: str, scope: str, other: str) -> str:
    return bilingual(
        "{office} belongs to scope {scope}, not to {other}", office=office, scope=scope, other=other
    )


def _written(id_: bytes) -> str:
    text = id_.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _moved(scopes: Iterable[ScopeReplay]) -> dict[Way, MovedSum]:
    moved: dict[Way, MovedSum] = defaultdict(MovedSum)
    for part in scopes:
        for way, (customers, points, cents) in part.moved.items():
            whole = moved[way]
            whole.customers += customers
            whole.basis_points += points
            whole.cents += cents
    return moved


def _movements(moved: dict[Way, MovedSum]) -> list[ReplayedMovement]:
    ways = sorted(moved, key=lambda way: tuple(name or "" for name in way))
    return [
        ReplayedMovement(*way, moved[way].customers, moved[way].basis_points, in_yuan(moved[way].cents))
        for way in ways
    ]


def _consultants(moved: dict[Way, MovedSum]) -> list[ReplayedConsultant]:
    gained: dict[StaffId, MovedSum] = defaultdict(MovedSum)
    for (giver, taker), much in moved.items():
        for staff, sign in ((giver, -1), (taker, 1)):
            if staff is not None:
                one = gained[staff]
                one.customers += sign * much.customers
                one.basis_points += sign * much.basis_points
                one.cents += sign * much.cents
    return [
        ReplayedConsultant(staff, one.customers, one.basis_points, in_yuan(one.cents))
        for staff, one in sorted(gained.items())
        if one.customers or one.basis_points or one.cents
    ]


def _counts(scopes: list[ScopeReplay], moved: dict[Way, MovedSum]) -> ReplayCounts:
    summed: dict[str, int] = defaultdict(int)
    for part in scopes:
        for name, count in part.counts.items():
            summed[name] += count
    return ReplayCounts(
        facts=summed["facts"],
        facts_dropped=summed["facts_dropped"],
        facts_added=summed["facts_added"],
        customers=summed["customers"],
        customers_changed=summed["customers_changed"],
        owners_changed=summed["owners_changed"],
        deals=summed["deals"],
        deals_changed=summed["deals_changed"],
        basis_points_moved=sum(much.basis_points for much in moved.values()),
        amount_moved=in_yuan(sum(much.cents for much in moved.values())),
    )
