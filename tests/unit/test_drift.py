"""What was sent is held against what should have been: each message once, none too much, none left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.attribution.drift.difference import shown
from services.attribution.drift.messages import compared, message_digest
from services.attribution.drift.shadow import TWINS, UNCOMPARED
from services.attribution.drift.topic_index import Sent
from services.attribution.store import batch


def sent(seq: int, customer: str, *, restated: bool = False, **said: Any) -> Sent:
    body = {"kind": "claim", "scope": "demo", "seq": seq, "customer": customer, "owner": "li", **said}
    return Sent(seq, 1, restated, *message_digest(json.dumps(body).encode()))


MADE = [sent(n, f"c{n}") for n in range(1, 5)]


@pytest.mark.parametrize(
    ("found", "last", "seqs"),
    [
        (MADE, 4, []),
        ([*MADE, MADE[1]], 4, []),
        ([*MADE, sent(5, "c2")], 5, ["5"]),
        (MADE[:2] + MADE[3:], 4, ["3"]),
        (MADE[:3], 4, ["4"]),
        ([*MADE, sent(3, "other")], 4, ["3"]),
        ([*MADE[:2], sent(3, "c3", owner="mo"), MADE[3]], 4, ["3", "? 0"]),
        ([sent(5, "c1", restated=True), sent(6, "c2", restated=True)], 6, []),
        ([sent(5, "c1", restated=True), sent(7, "c2", restated=True)], 7, ["6"]),
        ([], 4, ["1", "2", "3", "4"]),
    ],
    ids=[
        "all once", "one again under its seq, as a killed relay sends", "one again under another seq",
        "one never sent", "the last never sent", "another under a seq", "one altered", "told anew from what stands",
        "told anew with a hole", "nothing sent",
    ],
)  # fmt: skip
def test_what_was_sent_is_held_against_what_is_given(found: list[Sent], last: int, seqs: list[str]) -> None:
    """A repetition under its own seq is none; everything else is told with its seq."""
    assert sorted(seq for seq, _, _ in compared(found, MADE, last)) == sorted(seqs)


def test_a_text_of_a_person_is_told_by_a_digest_alone() -> None:
    """Two names can be told apart and not read; a phone in any other text is masked."""
    told = shown("张伟", "names[0]")
    assert "张伟" not in told and told.startswith("sha256 ") and told != shown("王芳", "names[0]")
    assert "13800138001" not in shown("see 13800138001", "reason")
    assert "张伟" not in shown({"name": "张伟", "id": "x"})


def test_every_table_that_a_batch_writes_is_built_beside_the_live_one() -> None:
    """A table that the fold writes and that has no twin would be missed by audits."""
    source = Path(batch.__file__).read_text()
    names = re.findall(r'_put\(curs, "(\w+)"|SQL\["(\w+)"\]', source)
    text = "\n".join(batch.SQL[one or other] for one, other in names if not (one or other).startswith("lock"))
    written = set(re.findall(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", text)) - {"SET"}
    quarantine = {"parked_scopes", "parked_facts", "set_aside", "dead_records"}
    assert written - quarantine - {"facts", "scope_epochs", "watermarks"} == {*TWINS, *UNCOMPARED}
