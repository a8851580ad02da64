"""Schemes, keys of profiles that one turns on, and amendments, as the journal takes and refuses them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.intake.admission.rulebooks import AdoptableRulebooks
from services.intake.journal.journal import Journal
from services.intake.model.submission import Accepted, Outcome, RefusedEvent
from shared.rules.schemes.loading import SchemeRegistry
from tests.support.intake import TOPIC, FixedClock, admitted, prepare, visit

OWN = """\
scheme: own
version: 1
extends: habc
title: {zh: 自定, en: Own}
keys:
  mk48: {purpose: {zh: 挑选礼品, en: choosing gifts}, consent: {zh: 书面同意, en: in writing}, cite: P 48}
"""
PARTY = {"name": "张伟", "phones": ["138 0000 0001"]}
AT = "2026-03-01T10:00:00+08:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The schemes of an office."""
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    return tmp_path


def journal(dsn: str, folder: Path, clock: FixedClock) -> Journal:
    return Journal(
        dsn,
        topic=TOPIC,
        clock=clock,
        knows_rulebook=AdoptableRulebooks(["base@1"]),
        default_rulebook="base",
        schemes=SchemeRegistry(folder),
    )


def adopted(scheme: str, effective_from: str = AT, **changes: Any) -> dict[str, Any]:
    data = {"scheme": scheme, "version": 1, "effective_from": effective_from}
    return visit(type="scheme.adopted", data=data, **changes)


def profile(key: str, **changes: Any) -> dict[str, Any]:
    return visit(
        type="profile.recorded", data={"customer": PARTY, "by": "li", "set": {key: "海边"}}, **changes
    )


def amended(record: str, **data: Any) -> dict[str, Any]:
    told = {"record": record, "reason": "录错", "requested_by": "li", "approved_by": ["gao"]}
    return visit(type="record.amended", data=told | data)


def told(outcome: Outcome) -> tuple[str, str] | None:
    """What it was refused for; None of what was taken."""
    return (outcome.path, outcome.rule) if isinstance(outcome, RefusedEvent) else None


def test_a_key_that_is_off_is_refused_until_a_scheme_turns_it_on(database: str, folder: Path) -> None:
    """By the scheme that the office adopted, from when it takes effect, and at no other office."""
    clock = FixedClock()
    book = journal(prepare(database), folder, clock)
    later = "2026-03-02T00:00:00+08:00"
    answers = book.append([
        admitted(one)
        for one in (profile("wanted_unit"), profile("mk48"), adopted("own", later), profile("mk48"), adopted("none"))
    ])  # fmt: skip
    off = ("data.set.mk48", "key_off")
    assert [told(one) for one in answers] == [None, off, None, off, ("data.scheme", "known_scheme")]
    clock.advance(timedelta(days=1))
    answers = book.append(
        [admitted(one) for one in (profile("mk48"), profile("mk40"), profile("mk48", office="demo-other"))]
    )
    assert [told(one) for one in answers] == [None, ("data.set.mk40", "key_off"), off]
    book.append([admitted(adopted("habc", later))])
    assert told(book.append([admitted(profile("mk48"))])[0]) == off
    book.close()


def test_the_text_of_an_adopted_scheme_stands(database: str, folder: Path) -> None:
    """Another text under its name and version is refused; without its file the kept text goes on turning keys on."""
    dsn, clock = prepare(database), FixedClock()
    book = journal(dsn, folder, clock)
    assert isinstance(book.append([admitted(adopted("own", "2026-03-01T00:00:00+08:00"))])[0], Accepted)
    book.close()
    (folder / "own.yaml").write_text(OWN.replace("书面同意", "口头同意"), encoding="utf-8")
    book = journal(dsn, folder, clock)
    assert told(book.append([admitted(adopted("own"))])[0]) == ("data.scheme", "one_text")
    book.close()
    (folder / "own.yaml").unlink()
    book = journal(dsn, folder, clock)
    assert told(book.append([admitted(profile("mk48"))])[0]) is None
    book.close()
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT scheme, version, cardinality(texts) FROM intake.schemes").fetchall()
    assert rows == [("own", 1, 3)]


def test_what_a_rule_reads_is_not_withdrawn_and_a_field_is_of_its_record(database: str, folder: Path) -> None:
    """Also in the group in which the record comes; a record that is not there is left to the judge."""
    book = journal(prepare(database), folder, FixedClock())
    first, plan = visit(), visit(type="plan.made", data=_plan())
    answers = book.append([
        admitted(one)
        for one in (
            first,
            plan,
            amended(first["id"], set={"channel": "介绍"}),
            amended(first["id"], withdrawn=True),
            amended(plan["id"], withdrawn=True),
            amended(plan["id"], set={"channel": "介绍"}),
            amended(first["id"].replace(first["id"][:8], "00000000"), withdrawn=True),
        )
    ])  # fmt: skip
    wrong = [
        None,
        None,
        None,
        ("data.withdrawn", "withdrawal"),
        None,
        ("data.set.channel", "field_of_record"),
        None,
    ]
    assert [told(one) for one in answers] == wrong
    assert told(book.append([admitted(amended(first["id"], withdrawn=True))])[0]) == (
        "data.withdrawn",
        "withdrawal",
    )
    book.close()


def _plan() -> dict[str, Any]:
    return {
        "plan": "p1",
        "by": "li",
        "kind": "follow_up",
        "on": "2026-03-05",
        "purpose": "回访",
        "customer": PARTY,
    }
