"""Rulebooks as they are loaded: what ships says what its document says, and merging keeps who said what."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from shared.platform.officefile.errors import OfficeFileError
from shared.rules.domain.rulebook import Period, Rulebook, Split
from shared.rules.rulebooks.loading import load, load_book, shipped

RULEBOOKS = Path(__file__).parents[2] / "shared" / "rules" / "rulebooks"


def write(folder: Path, text: str, name: str = "office.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def office(folder: Path, body: str, extends: str = "base") -> Rulebook:
    head = f"rulebook: office\nversion: 1\nextends: {extends}\ntitle: {{zh: 本案场, en: Our office}}\n"
    clauses = 'clauses:\n  "1": {zh: 一, en: One.}\n  "2": {zh: 二, en: Two.}\n'
    return load(write(folder, head + body + clauses))


def test_six_rulebooks_ship() -> None:
    """Base and the five documents ship, each under the name that its file has."""
    assert shipped() == ("base", "confirmation", "getian", "handbook", "reception", "shijiazhuang")
    assert all(load(name).name == name and load(name).version == 1 for name in shipped())


@pytest.mark.parametrize("name", ["base", "confirmation", "getian", "handbook", "reception", "shijiazhuang"])
def test_digest_covers_the_chain(name: str) -> None:
    """The digest of a rulebook is that of the bytes of its chain, root first."""
    raw = (RULEBOOKS / "base.yaml").read_bytes()
    raw += b"" if name == "base" else (RULEBOOKS / f"{name}.yaml").read_bytes()
    assert load(name).sha256 == hashlib.sha256(raw).hexdigest()


def test_base_cites_its_own_keys() -> None:
    """A value of base cites the clause that base gives it."""
    base = load("base")
    assert (base.registration.first, base.kept, base.disputes.clause) == (
        "base.registration",
        "base.honour",
        "base.dispute",
    )
    assert [base.honour[b].by for b in ("visit", "call", "outreach")] == ["found", "found", "none"]
    assert base.follow_up.days("visit") is None
    assert base.penalties == {}


def test_shijiazhuang_says_what_document_e_says() -> None:
    """E: four days, named calls and messages, who stood by forfeits, recognition ends with the reception."""
    book = load("shijiazhuang")
    assert (book.follow_up.days("visit"), book.follow_up.days("transfer")) == (4, 4)
    assert book.honour["call"].by == book.honour["outreach"].by == "named"
    assert (book.present_unrecognised.effect, book.present_unrecognised.clause) == (
        "forfeits",
        "shijiazhuang.5",
    )
    assert (book.recognition.until, book.recognition.clause) == ("reception_end", "shijiazhuang.4")
    assert (book.registration.first, book.registration.clause) == ("shijiazhuang.1", "shijiazhuang.3")
    found = book.discovery
    assert {case.effect for case in (found.before_deal, found.after_deal, found.concealed)} == {"first"}
    assert (found.before_deal.clause, found.after_deal.clause) == ("shijiazhuang.3", "shijiazhuang.4")
    assert (book.named.honoured, book.named.clause) == (True, "shijiazhuang.2")
    assert (book.kept, book.designated.clause, book.assist.clause) == (
        "shijiazhuang.1",
        "shijiazhuang.6",
        "shijiazhuang.6",
    )


def test_reception_says_what_document_a_says() -> None:
    """A: 70 to 30 for assistance, 30 to 70 after a brochure, calls are only records, turns are penalised."""
    book = load("reception")
    assert book.deal.assisted == Split(7000, 3000, book.kept)
    assert book.deal.brochure_only is not None
    assert (book.deal.brochure_only.owner, book.deal.brochure_only.clause) == (3000, "reception.6")
    assert (book.honour["call"].by, book.honour["call"].clause) == ("none", "base.honour")
    assert book.penalties["out_of_turn"].clause == "reception.2"
    assert book.rotation.away_clause == "reception.1"
    assert book.discovery.after_deal.split == book.discovery.concealed.split == Split(7000, 3000, book.kept)
    assert (book.discovery.before_deal.effect, book.discovery.before_deal.clause) == (
        "first",
        "base.discovery",
    )


def test_getian_says_what_document_b_says() -> None:
    """B: calls in reverse order, whoever is away loses the turn, late recognition is ruled on."""
    book = load("getian")
    assert book.rotation.calls == "reversed"
    assert book.rotation.away == {
        "personal": "skip",
        "business": "skip",
        "company_task": "hold",
        "brief": "skip",
    }
    assert (book.recognition.effect, book.recognition.evidence) == ("ruling", "required")
    assert (book.disputes.evidence, book.disputes.authority_after_deal) == ("required", ("director",))
    assert (book.assist.new_customers, book.assist.clause) == ("receiver", "getian.3")


def test_getian_keeps_under_base() -> None:
    """What an office does not override keeps the clause of the book that set it: getian's kept is base's."""
    book = load("getian")
    assert (book.kept, book.honour["visit"].clause) == ("base.honour", "base.honour")
    assert (book.honour["call"].clause, book.honour["outreach"].clause) == ("getian.2", "getian.4")


def test_confirmation_says_what_document_h_says() -> None:
    """H: one month, halves after concealment and for a referral, households are one, three penalties."""
    book = load("confirmation")
    assert book.honour["visit"].within == Period(months=1)
    assert (book.discovery.concealed.effect, book.discovery.concealed.split) == (
        "split",
        Split(5000, 5000, book.discovery.before_deal.clause),
    )
    assert (book.household.effect, book.household.clause) == ("first_registration", "confirmation.3")
    assert book.household.relations == {"spouse", "parent_child"}
    assert book.referral.single.effect == "referrer_consultant"
    assert book.referral.joint.clause == "confirmation.1"
    assert book.deal.unregistered == "confirmation.registration"
    assert (book.complaint, book.concealment) == ("confirmation.complaint", "confirmation.8")
    assert {on: p.clause for on, p in book.penalties.items()} == {
        "tampering": "confirmation.registration",
        "concealment": "confirmation.8",
        "complaint": "confirmation.complaint",
    }


def test_handbook_says_what_document_t_says() -> None:
    """T: transfers and corrections need both managers; first registrations rest on uniqueness."""
    book = load("handbook")
    assert book.transfers.approved_by == book.corrections.approved_by == ("admin_manager", "general_manager")
    assert book.disputes.approved_by == book.transfers.approved_by
    assert book.disputes.authority[-2:] == ("admin_manager", "general_manager")
    assert {book.transfers.clause, book.corrections.clause, book.disputes.clause} == {"handbook.conflict"}
    assert book.registration.requires == {"name", "phone"}
    assert {book.registration.first, book.registration.clause} == {"handbook.unique"}


@pytest.mark.parametrize("name", ["base", "confirmation", "getian", "handbook", "reception", "shijiazhuang"])
def test_every_clause_has_a_sentence_in_both_languages(name: str) -> None:
    """Every clause that a shipped book has is told in Chinese and in English."""
    book = load(name)
    assert all(text.zh.strip() and text.en.strip() for text in book.clauses.values())
    cited = {entry.value for path, entry in load_book(name).merged.entries.items() if path.endswith(".cite")}
    assert cited <= set(book.clauses)


def test_section_cite_is_for_values_without_their_own(tmp_path: Path) -> None:
    """A section's cite counts for those of its values that the same book sets without a cite of their own."""
    book = office(tmp_path, 'honour: {visit: {by: found, cite: "2"}, call: {by: named}, cite: "1"}\n')
    clauses = [book.honour[basis].clause for basis in ("visit", "call", "outreach")]
    assert clauses == ["office.2", "office.1", "base.honour"]


def test_value_overridden_without_a_cite_keeps_the_earlier_clause(tmp_path: Path) -> None:
    """A book that changes a value and cites nothing leaves the clause that stood."""
    book = office(tmp_path, "honour: {call: {by: named}}\n", extends="shijiazhuang")
    assert (book.honour["call"].by, book.honour["call"].clause) == ("named", "shijiazhuang.2")


def test_cite_alone_is_for_the_whole_section(tmp_path: Path) -> None:
    """A section that holds only a cite gives it to every value of the section."""
    book = office(tmp_path, 'honour: {cite: "1"}\ntransfers: {cite: "2"}\n')
    assert {h.clause for h in book.honour.values()} == {"office.1"}
    assert (book.transfers.approved_by, book.transfers.clause) == (("manager",), "office.2")


def test_cite_alone_leaves_values_with_their_own_clause(tmp_path: Path) -> None:
    """A section that holds only a cite gives it to values that had the section's clause, however far up it stood."""
    middle = "rulebook: middle\nversion: 1\nextends: confirmation\ndeal: {assisted: {owner: 0, assistant: 10000}}\n"
    write(tmp_path, middle, "middle.yaml")
    book = office(tmp_path, 'deal: {cite: "1"}\nhonour: {cite: "2"}\n', extends="middle.yaml")
    assert (book.deal.clause, book.deal.unregistered) == ("office.1", "confirmation.registration")
    assert book.deal.assisted == Split(0, 10000, book.deal.clause)
    assert book.deal.referral_same_day is not None
    assert book.deal.referral_same_day.clause == "confirmation.8"
    clauses = [book.honour[basis].clause for basis in ("visit", "call", "outreach")]
    assert clauses == ["confirmation.5", "confirmation.6", "office.2"]


def test_a_book_that_is_older_than_a_value_decides_as_before(tmp_path: Path) -> None:
    """What no book of a chain says of a value that came later is what held before there was one."""
    text = (RULEBOOKS / "base.yaml").read_text(encoding="utf-8").replace("rulebook: base", "rulebook: own")
    younger = ("named:", "assist:", "household:", "disputes:")
    lines = [line for line in text.splitlines() if not line.startswith(younger)]
    older = ["assist: {cite: assist}", "household: {effect: ruling, cite: household}"]
    older += ["disputes: {authority: [manager], evidence: optional, cite: dispute}"]
    head = lines.index("clauses:")
    book = load(write(tmp_path, "\n".join([*lines[:head], *older, *lines[head:]]) + "\n"))
    assert (book.named.honoured, book.assist.new_customers) == (False, "on_behalf_of")
    assert book.household.relations == {"spouse", "parent_child", "other"}
    assert (book.disputes.approved_by, book.disputes.authority_after_deal) == ((), None)


def test_null_takes_away(tmp_path: Path) -> None:
    """null takes away what the extended book had: a period, a split, the limit of an honour."""
    reception = office(tmp_path, "deal: {assisted: null}\n", extends="reception")
    assert (reception.deal.assisted, reception.deal.brochure_only is None) == (None, False)
    confirmation = office(tmp_path, "honour: {visit: {within: null}}\n", extends="confirmation")
    assert confirmation.honour["visit"].within is None
    assert (
        office(tmp_path, "follow_up: {every: null}\n", extends="shijiazhuang").follow_up.days("call") is None
    )


def test_the_whole_may_be_one_part(tmp_path: Path) -> None:
    """Who writes that one has all leaves the other nothing."""
    book = office(
        tmp_path, 'deal: {assisted: {owner: 10000, cite: "1"}, brochure_only: {owner: 0, closer: 10000}}\n'
    )
    assert book.deal.assisted == Split(
        10000, 0, book.deal.assisted.clause if book.deal.assisted else book.kept
    )
    assert book.deal.brochure_only is not None
    assert (book.deal.brochure_only.owner, book.deal.brochure_only.other) == (0, 10000)


def test_effect_replaces_a_split(tmp_path: Path) -> None:
    """Where the extended book splits a concealed discovery, an effect alone takes the split away."""
    book = office(tmp_path, "discovery: {concealed: closer}\n", extends="confirmation")
    assert (book.discovery.concealed.effect, book.discovery.concealed.split) == ("closer", None)


def test_periods_by_basis(tmp_path: Path) -> None:
    """A basis that is not named has the period of visit; a single period is for all."""
    every = "follow_up: {every: {visit: 7 days, call: 15 days}, cite: '1'}\n"
    days = office(tmp_path, every).follow_up.days
    assert [days(b) for b in ("visit", "call", "outreach", "ruling")] == [7, 15, 7, 7]
    office_path = tmp_path / "office.yaml"
    child = "rulebook: child\nversion: 1\nextends: office.yaml\nfollow_up: {every: 3 days}\n"
    again = load(write(tmp_path, child, "child.yaml")).follow_up
    assert office_path.exists() and [again.days(b) for b in ("visit", "call")] == [3, 3]
    assert again.clause == "office.1"


def test_words_that_yaml_would_turn_are_words(tmp_path: Path) -> None:
    """no, off and whole numbers may stand as clause numbers and text without turning into something else."""
    text = "rulebook: off\nversion: 1\nextends: base\nkept: {cite: 4}\nclauses: {4: {zh: no, en: off}}\n"
    book = load(write(tmp_path, text))
    assert (book.name, book.kept, book.clauses[book.kept].zh) == ("off", "off.4", "no")


def test_a_book_stands_alone(tmp_path: Path) -> None:
    """A rulebook may extend nothing if it says everything."""
    text = (RULEBOOKS / "base.yaml").read_text(encoding="utf-8").replace("rulebook: base", "rulebook: own")
    assert load(write(tmp_path, text)).kept == "own.honour"


@pytest.mark.parametrize(
    ("period", "start", "last"),
    [
        (Period(months=1), date(2026, 1, 31), date(2026, 2, 28)),
        (Period(months=1), date(2026, 12, 15), date(2027, 1, 15)),
        (Period(months=13), date(2026, 1, 31), date(2027, 2, 28)),
        (Period(days=30), date(2026, 2, 1), date(2026, 3, 3)),
    ],
)
def test_a_missing_day_of_a_month_means_its_last(period: Period, start: date, last: date) -> None:
    """A period of months ends on the same day of the month, or on the last where that day is missing."""
    assert period.last_day(start) == last


def test_an_unknown_name_lists_what_ships() -> None:
    """A name that neither ships nor is a file is refused with the names that ship."""
    with pytest.raises(OfficeFileError, match=r"shijiazhuang"):
        load("shijiazhung")
