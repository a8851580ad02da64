"""From merged sheets to the domain's `Rulebook`: what is missing or does not add up is found here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from shared.i18n import Text
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.strict import fields_of
from shared.rules.domain import rulebook as domain
from shared.rules.domain.rulebook import Clause, Split
from shared.rules.rulebooks.shape import (
    BASES,
    BREACHES,
    CITING,
    OPTIONAL_FIELDS,
    RELATIONS,
    SHAPE,
    VALUES,
    leaves,
)
from shared.rules.rulebooks.shape_values import WHOLE
from shared.rules.rulebooks.sheet import ABSENT, Sheet, SheetEntry

UNSAID: Mapping[str, object] = {
    "named.honoured": False,
    "assist.new_customers": "on_behalf_of",
    "household.relations": frozenset(RELATIONS),
    "disputes.approved_by": (),
}
"""What holds where no book of a chain says anything: of values that are younger than rulebooks in use."""


def merge(sheets: list[Sheet]) -> Sheet:
    """The sheets of a chain as one, root first: what the last book does not override is kept."""
    last = sheets[-1]
    merged = Sheet(last.file, last.name, last.version, last.title)
    for sheet in sheets:
        merged.entries |= sheet.entries
        merged.clauses |= sheet.clauses
        _share_cites(merged, sheet)
    merged.entries = {path: entry for path, entry in merged.entries.items() if entry.value is not ABSENT}
    _fill_unsaid(merged)
    check_complete(merged)
    return merged


def _share_cites(merged: Sheet, sheet: Sheet) -> None:
    """A section that says only `cite` gives it to the values that had the section's, not to those with their own."""
    cites = {path for path in sheet.entries if path.endswith(".cite")}
    merged.shared = (merged.shared - cites) | sheet.shared
    for key, entry in sheet.alone.items():
        section = SHAPE[key]
        paths = {f"{key}.{name}.cite" for name in fields_of(section)} & merged.shared
        merged.entries |= dict.fromkeys(paths, entry)


def _fill_unsaid(merged: Sheet) -> None:
    for path, value in UNSAID.items():
        merged.entries.setdefault(path, SheetEntry(value, merged.file, 1))
    if "designated.cite" in merged.entries:
        merged.entries.setdefault("named.cite", merged.entries["designated.cite"])


def check_complete(sheet: Sheet) -> None:
    """Every value is there and cites a clause; a book that extends `base` has all of them from there."""
    wanted = ["timezone"]
    for path, shape in VALUES.items():
        if path.startswith("penalties.") and not any(p.startswith(f"{path}.") for p in sheet.entries):
            continue
        wanted += [f"{path}.{leaf}" for leaf in leaves(shape) if f"{path}.{leaf}" not in OPTIONAL_FIELDS]
    for path in wanted:
        if path not in sheet.entries:
            raise OfficeFileError(sheet.file, 1, path, "missing, and no rulebook that has it is extended")
    for path in CITING:
        if f"{path}.cite" not in sheet.entries and not path.startswith("penalties."):
            raise OfficeFileError(
                sheet.file, 1, f"{path}.cite", "missing citation: no clause is named for this value"
            )
    for breach in BREACHES:
        entry = sheet.entries.get(f"penalties.{breach}.zh")
        if entry is not None and f"penalties.{breach}.cite" not in sheet.entries:
            key = f"penalties.{breach}.cite"
            raise OfficeFileError(
                entry.file, entry.line, key, "missing citation: no clause is named for this value"
            )


def build(sheet: Sheet, sha256: str) -> domain.Rulebook:
    """The rulebook of a merged sheet."""
    read = _EntryReader(sheet.entries)
    return domain.Rulebook(
        name=sheet.name,
        version=sheet.version,
        sha256=sha256,
        title=sheet.title,
        timezone=read.zone(),
        registration=domain.RegistrationRule(
            read["registration.requires"], read["registration.first"], read.clause("registration")
        ),
        honour={basis: read.honour(basis) for basis in BASES},
        kept=read.clause("kept"),
        designated=domain.Designated(read["designated.honoured"], read.clause("designated")),
        named=domain.Named(read["named.honoured"], read.clause("named")),
        assist=domain.Assisting(read["assist.new_customers"], read.clause("assist")),
        follow_up=read.follow_up(),
        recognition=domain.RecognitionRule(
            read["recognition.until"],
            read["recognition.effect"],
            read["recognition.evidence"],
            read.clause("recognition"),
        ),
        present_unrecognised=domain.PresentUnrecognised(
            read["present_unrecognised.effect"], read.clause("present_unrecognised")
        ),
        discovery=domain.Discoveries(*map(read.discovery, ("before_deal", "after_deal", "concealed"))),
        household=domain.Household(
            read["household.effect"], read["household.relations"], read.clause("household")
        ),
        referral=domain.Referrals(read.referral("single"), read.referral("joint")),
        deal=domain.Deals(
            unregistered=read.clause("deal.unregistered"),
            assisted=read.split("deal.assisted", "owner", "assistant"),
            brochure_only=read.split("deal.brochure_only", "owner", "closer"),
            referral_same_day=read.split("deal.referral_same_day", "owner", "closer"),
            clause=read.clause("deal"),
        ),
        complaint=read.clause("complaint"),
        concealment=read.clause("concealment"),
        disputes=domain.Disputes(
            read["disputes.authority"],
            read.get("disputes.authority_after_deal"),
            read["disputes.approved_by"],
            read["disputes.evidence"],
            read.clause("disputes"),
        ),
        transfers=domain.Approvals(read["transfers.approved_by"], read.clause("transfers")),
        corrections=domain.Approvals(read["corrections.approved_by"], read.clause("corrections")),
        departed=read.clause("departed"),
        rotation=read.rotation(),
        penalties={
            breach: read.penalty(breach) for breach in BREACHES if f"penalties.{breach}.zh" in sheet.entries
        },
        clauses=dict(sheet.clauses),
    )


class _EntryReader:
    """Typed reading of entries that the kinds have checked; `Any` ends at the domain's constructors."""

    def __init__(self, entries: Mapping[str, SheetEntry]) -> None:
        self.entries = entries

    def __getitem__(self, path: str) -> Any:
        return self.entries[path].value

    def get(self, path: str) -> Any:
        entry = self.entries.get(path)
        return None if entry is None else entry.value

    def clause(self, path: str) -> Clause:
        return Clause(str(self[f"{path}.cite"]))

    def zone(self) -> ZoneInfo:
        zone = self["timezone"]
        assert isinstance(zone, ZoneInfo)
        return zone

    def honour(self, basis: str) -> domain.Honour:
        path = f"honour.{basis}"
        return domain.Honour(self[f"{path}.by"], self.get(f"{path}.within"), self.clause(path))

    def follow_up(self) -> domain.FollowUpRule:
        path = "follow_up.every"
        every = {basis: self[f"{path}.{basis}"] for basis in BASES if f"{path}.{basis}" in self.entries}
        return domain.FollowUpRule(
            every,
            self["follow_up.methods"],
            self["follow_up.must_reach"],
            self["follow_up.revive"],
            self.clause("follow_up"),
        )

    def discovery(self, case: str) -> domain.Discovery:
        path = f"discovery.{case}"
        split = self.split(f"{path}.split", "first", "second", path)
        return domain.Discovery(self[f"{path}.effect"], split, self.clause(path))

    def referral(self, case: str) -> domain.ReferralRule:
        path = f"referral.{case}"
        return domain.ReferralRule(self[f"{path}.effect"], self.clause(path))

    def rotation(self) -> domain.Rotation:
        away = {reason: self[f"rotation.away.{reason}"] for reason in leaves(VALUES["rotation.away"])}
        order = self["rotation.calls.effect"]
        return domain.Rotation(order, away, self.clause("rotation.calls"), self.clause("rotation.away"))

    def penalty(self, breach: str) -> domain.Penalty:
        path = f"penalties.{breach}"
        return domain.Penalty(Text(self[f"{path}.zh"], self[f"{path}.en"]), self.clause(path))

    def split(self, path: str, owner: str, other: str, cited: str | None = None) -> Split | None:
        """The two parts of a deal, or None; together they are the whole deal."""
        entry = self.entries.get(f"{path}.{owner}") or self.entries.get(f"{path}.{other}")
        first, second = self.get(f"{path}.{owner}"), self.get(f"{path}.{other}")
        if entry is None or (first is None and second is None):
            return None
        if (first or 0) + (second or 0) != WHOLE:
            told = f"{owner}: {first or 0} and {other}: {second or 0}"
            raise OfficeFileError(
                entry.file, entry.line, path, f"shares must sum to {WHOLE} basis points, not {told}"
            )
        return Split(first or 0, second or 0, self.clause(cited or path))
