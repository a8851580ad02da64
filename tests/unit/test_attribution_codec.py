"""Records and events survive being written and read, and what a newer version wrote is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from services.attribution.store import codec
from services.attribution.store.mapper import Recorded, stream_id
from services.attribution.store.recorder import EventMapper
from shared.rules.domain import events as e
from shared.rules.domain import facts as f
from shared.rules.domain import state as s
from shared.rules.domain.differences import reformed
from shared.rules.domain.lists import united

AT = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)
PARTY = f.Party("张伟", ("+8613800000001", "wechat:zhang"))
FACT = f.Fact(
    "e1", 7, "demo", "hall", AT, AT, None,
    f.Visit(
        "v1", PARTY, "li", "on_turn", None, "wang", f.Asked("no"), (f.Referrer("+861", None),), True,
        ("zhao",), AT,
    ),
)  # fmt: skip
FILED = s.FiledRecord(FACT, 7, "e1", AT)
CLAIM = s.Claim("li", "visit", AT, ("base", 1), s.ClaimOrigin("e1", AT, "visit"), AT, AT, "e1", None)
CUSTOMER = s.Customer("c1", 7, PARTY.contacts, ("张伟",), ("e1",), CLAIM, "li")


def round_trip(event: e.DomainEvent) -> e.DomainEvent:
    recorded = Recorded(stream_id("demo"), 3, 7, "0.1.0", "ab" * 32, event)
    stored = EventMapper().to_stored_event(recorded)
    read: Any = EventMapper().to_domain_event(stored)
    assert (read.originator_version, read.seq, read.engine, read.rulebook) == (3, 7, "0.1.0", "ab" * 32)
    event_read: e.DomainEvent = read.event
    return event_read


@pytest.mark.parametrize(
    "record", [FILED, CUSTOMER, s.CustomerRef("c1"), s.Scope("demo", ("base", 1), "Asia/Shanghai")]
)
def test_a_record_is_read_as_it_was_written(record: s.Record) -> None:
    """Whatever its kind, and also where it holds a fact of any matter."""
    kind = {s.FiledRecord: "record", s.Customer: "customer", s.CustomerRef: "visit", s.Scope: "scope"}[
        type(record)
    ]
    assert codec.decode_record(kind, codec.encode_record(record)) == record


@pytest.mark.parametrize(
    "event",
    [
        e.RecordFiled(FILED),
        e.CustomersReformed("c1", (CUSTOMER,), ("+8613800000002",)),
        reformed(
            CUSTOMER,
            replace(CUSTOMER, contacts=PARTY.contacts[:1], grants=(s.Grant("li", CLAIM.registration),)),
        ),
        e.Decided("c1", AT, "established", "li", None, "base.registration", ("e1",), CLAIM),
        e.Flagged("e1", "late_entry"),
    ],
)
def test_an_event_is_read_as_it_was_stored(event: e.DomainEvent) -> None:
    """Also where it holds records and facts; nothing of it is lost or rounded."""
    assert round_trip(event) == event


def test_every_matter_of_a_fact_can_be_told_apart() -> None:
    """Stored facts name the class of the matter, for each that there is."""
    tags = [cls.__struct_config__.tag for cls in get_args(f.Matter)]
    assert tags == [cls.__name__ for cls in get_args(f.Matter)]


FILED_1 = (
    b'{"fact":{"id":"e1","seq":7,"scope":"demo","office":"hall","occurred_at":"2026-03-02T01:02:03.456789Z",'
    b'"recorded_at":"2026-03-02T01:02:03.456789Z","attested_by":null,"type":"Visit","matter":{"visit":"v1",'
    b'"customer":{"name":"\xe5\xbc\xa0\xe4\xbc\x9f","contacts":["+8613800000001","wechat:zhang"],"phones":null,'
    b'"wechat":null},"received_by":"li","capacity":"on_turn","on_behalf_of":null,"designated":"wang",'
    b'"asked":{"visited_before":"no","named_consultant":null,"contacted_by":null},'
    b'"referred_by":[{"contact":"+861","consultant":null}],"brochure_only":true,"present":["zhao"],'
    b'"ended_at":"2026-03-02T01:02:03.456789Z"}},"judged":7,"trigger":"e1",'
    b'"effective":"2026-03-02T01:02:03.456789Z","inert":false}'
)
"""What version 1 wrote of a kept record, byte for byte."""


def test_a_kept_record_that_an_earlier_version_stored_is_read() -> None:
    """The type of the matter stood beside it once, in rows and in events; both are read as they were meant."""
    assert codec.decode_record("record", b"1 " + FILED_1) == FILED
    stored = b'{"filed":' + FILED_1 + b',"customer":"c1"}'
    assert codec.decode_event_body("RecordFiled/1", stored) == e.RecordFiled(FILED, "c1")


def test_a_kept_record_of_shares_that_an_earlier_version_stored_is_read() -> None:
    """Also where the matter holds shares by consultant, and an event that names no customer."""
    stored = (
        b'{"fact":{"id":"e2","seq":8,"scope":"demo","office":"hall","occurred_at":"2026-03-02T01:02:03.456789Z",'
        b'"recorded_at":"2026-03-02T01:02:03.456789Z","attested_by":"wang","type":"Ruling","matter":'
        b'{"dispute":"d1","ruled_by":"boss","owner":null,"shares":{"li":5000,"wang":5000},"approved_by":[]}},'
        b'"judged":8,"trigger":"e2","effective":"2026-03-02T01:02:03.456789Z","inert":true}'
    )
    ruling = f.Ruling("d1", "boss", None, {"li": 5000, "wang": 5000})
    filed = s.FiledRecord(f.Fact("e2", 8, "demo", "hall", AT, AT, "wang", ruling), 8, "e2", AT, True)
    assert codec.decode_record("record", b"1 " + stored) == filed
    event = codec.decode_event_body("RecordFiled/1", b'{"filed":' + stored + b',"customer":null}')
    assert event == e.RecordFiled(filed)


def test_every_kind_of_record_has_a_class_and_every_class_a_kind() -> None:
    """No record can be written that could not be read."""
    assert set(codec.KINDS.values()) == set(get_args(s.Record))


@pytest.mark.parametrize("topic", ["Unheard/1", "Decided", "Decided/x", "Decided/2", ""])
def test_what_a_newer_version_stored_is_refused(topic: str) -> None:
    """An unknown class or version is an error by name, never a guess."""
    with pytest.raises(codec.UnknownTopicError):
        codec.decode_event_body(topic, b"{}")


def test_an_older_version_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lift makes the next version of the plain form."""
    monkeypatch.setitem(codec.VERSIONS, "Flagged", 3)
    monkeypatch.setitem(
        codec.LIFTS, ("Flagged", 1), lambda plain: {"event": plain["id"], "tag": plain["tag"]}
    )
    monkeypatch.setitem(
        codec.LIFTS, ("Flagged", 2), lambda plain: {"event": plain["event"], "flag": plain["tag"]}
    )
    form = codec._Form(e.Flagged)
    assert form.decode(b'{"id":"e1","tag":"barred"}', 1) == e.Flagged("e1", "barred")


def test_a_customer_that_an_earlier_version_stored_is_read() -> None:
    """Rows that were written before contacts could point on are those of a customer whose contacts point to it."""
    written = codec.encode_record(CUSTOMER)
    assert written.startswith(b"2 ") and b',"root":""' in written
    before = b"1" + written[1:].replace(b',"root":""', b"")
    assert codec.decode_record("customer", before) == CUSTOMER


def test_how_a_customer_stands_is_read_without_what_grows_with_their_records() -> None:
    """Everything that a look-up tells is as in the whole record; what only a history tells is left out."""
    stored = codec.encode_record(CUSTOMER)
    face = codec.decode_face("customer", stored)
    assert isinstance(face, s.Customer)
    left_out = {name for name in CUSTOMER.__struct_fields__ if getattr(face, name) != getattr(CUSTOMER, name)}
    assert left_out <= {"records", "receptions", "assists", "grants", "barred", "forfeits", "former", "turns"}
    assert face.records == ()
    assert (face.claim, face.deals, face.disputes) == (CUSTOMER.claim, CUSTOMER.deals, CUSTOMER.disputes)


def test_a_customer_of_an_earlier_version_is_read_whole_where_their_standing_is_asked_for() -> None:
    """What has to be lifted is decoded all the same."""
    before = b"1 " + codec.encode_record(CUSTOMER).partition(b" ")[2]
    assert codec.decode_face("customer", before) == codec.decode_record("customer", before)


def test_a_long_list_is_written_as_it_stands() -> None:
    """A list that is yet to be put in order is no other one than the tuple that it makes."""
    many = tuple(f"+86138{n:08d}" for n in range(100))
    joined = replace(CUSTOMER, contacts=united((many[:60], many[40:])))
    assert codec.encode_record(joined) == codec.encode_record(replace(CUSTOMER, contacts=many))


def test_a_class_that_was_renamed_is_found_by_its_former_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored topics stay as they are."""
    monkeypatch.setitem(codec.ALIASES, "Marked", "Flagged")
    assert codec.decode_event_body("Marked/1", b'{"event":"e1","flag":"barred"}') == e.Flagged("e1", "barred")
