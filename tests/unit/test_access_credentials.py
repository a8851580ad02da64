"""One-time codes as the RFC has them, passwords that would be guessed, and a chain of entries."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from services.access.credentials import passwords
from services.access.credentials.passwords import Passwords, demand_strong
from services.access.credentials.totp import code_at, new_recovery_codes, plain_code, step_of
from services.access.model.metrics import AccessMetrics
from services.access.model.refusals import WeakPasswordError
from services.access.record.entry import BEGINNING, AccessEntry, chained, link
from services.access.staff.facts import staff_facts

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, of which six digits are shown."""
    assert code_at(SECRET, seconds // 30) == code[-6:]
    assert step_of(SECRET, code[-6:], seconds, 0) == seconds // 30


def test_a_login_of_nobody_costs_as_much_as_any_other() -> None:
    """What is checked for it has the parameters of a password that is hashed today, and is right for none."""
    kept = Passwords(AccessMetrics(CollectorRegistry()))
    assert not kept.outdated(passwords._NOBODY)
    assert not kept.right(None, "the password of nobody")


def test_a_code_is_taken_a_step_early_or_late_and_never_twice() -> None:
    """Clocks of telephones part by some seconds; a step that was used is over, and so are those before it."""
    now, step = 1_800_000_000.0, 60_000_000
    for apart, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        assert (step_of(SECRET, code_at(SECRET, step + apart), now, 0) is not None) == good
    assert step_of(SECRET, code_at(SECRET, step), now, step) is None
    assert step_of(SECRET, code_at(SECRET, step - 1), now, step) is None
    assert step_of(SECRET, code_at(SECRET, step + 1), now, step) == step + 1
    assert step_of(SECRET, "é" * 6, now, 0) is None


def test_a_typed_code_is_the_one_that_was_given_out() -> None:
    """Capitals, spaces and missing hyphens do no harm."""
    for code in new_recovery_codes():
        assert plain_code(code.upper().replace("-", " ")) == code == plain_code(code.replace("-", ""))


def test_codes_that_are_kept_by_a_fast_digest_are_not_to_be_found_out() -> None:
    """112 bits at least: whoever has the table of digests tries for ever."""
    for code in new_recovery_codes():
        assert 5 * len(code.replace("-", "")) >= 112


@pytest.mark.parametrize(
    "password",
    [
        "short", "aaaaaaaaaaaa", "abababababab", "1234567890123", "abcdefghijkl", "qwertyuiop[]", "lkjhgfdsaqwe"[:11],
        "Password1234", "p@ssw0rd!!!!", "passwordpassword", "li.na-li.na-", "2026-11-29-12", "iloveyou2026", "x" * 129,
        "1qaz2wsx3edc", "PE#5gz29ptzmse", "StartFinding", "liverpool2024!!", "!!chocolate1999", "slipknotslipknot",
    ],
)  # fmt: skip
def test_what_would_be_guessed_is_no_password(password: str) -> None:
    """Short, of few characters, along the keys, leaked, a common or leaked word or the login with digits around it."""
    with pytest.raises(WeakPasswordError) as caught:
        demand_strong(password, "li.na")
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [
        "four horses under a bridge", "梅花 二十四 灯塔 北风 小船 一只猫", "tQ8#vL2m!xZ4", " leading and trailing ",
        "x7ööö klmn-pqrs",
    ],
)  # fmt: skip
def test_a_password_may_be_of_any_characters(password: str) -> None:
    """No kind of character is asked for or refused."""
    demand_strong(password, "li.na")


def test_each_entry_holds_the_one_before_it() -> None:
    """A link is over the digest before and the body: the same body elsewhere has another digest."""
    entries = [AccessEntry(str(n), "2026-03-01T02:00:00Z", "signed_in", login="li") for n in range(3)]
    found = list(chained(0, BEGINNING, entries))
    assert [one[0] for one in found] == [1, 2, 3]
    before = BEGINNING
    for _, _, body, kept, digest in found:
        assert kept == before and digest == link(before, body)
        before = digest
    assert len({link(BEGINNING, found[0][2]), link(before, found[0][2])}) == 2


class Record:
    offset = timestamp = 0

    def __init__(self, value: bytes | None, key: bytes | None = b"east", seq: bytes | None = b"1") -> None:
        self.value, self.key = value, key
        self.headers = [] if seq is None else [("seq", seq)]

    def __repr__(self) -> str:
        return f"{self.key!r} {self.headers} {self.value!r}"


ENROLLED = (
    b'{"type":"staff.enrolled","scope":"east","office":"e1",'
    b'"data":{"staff":"li","role":"manager","name":{"sealed":"x"}}}'
)


@pytest.mark.parametrize(
    "record",
    [
        Record(None), Record(b""), Record(b'"staff.'), Record(b'{"staff.":1}'), Record(ENROLLED, b"west"),
        Record(ENROLLED, None), Record(ENROLLED, seq=None), Record(ENROLLED, seq=b"x"), Record(b"\xff\"staff."),
        Record(ENROLLED.replace(b"manager", b"king")), Record(ENROLLED.replace(b"enrolled", b"painted")),
        Record(ENROLLED.replace(b'"li"', b"7")),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_fact_about_staff_is_passed_over(record: Record) -> None:
    """Whatever else stands in the topic, nothing is raised and nobody gets a role by it."""
    assert list(staff_facts([record])) == []


def test_a_fact_about_staff_is_read_whatever_form_the_name_has() -> None:
    """Role, office and id are read; name and contacts may be sealed, and are not looked at."""
    (fact,) = staff_facts([Record(ENROLLED)])
    assert fact.row() == {"scope": "east", "seq": 1, "staff": "li", "office": "e1", "role": "manager"}
