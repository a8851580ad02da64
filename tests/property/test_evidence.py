"""Whatever somebody does to the bytes of a pack, verification finds it, and ends in words."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.evidence import made_pack, told_log, trust, verified, verified_tiles
from tests.support.tampering import bit, relisted

PROVEN = (
    "facts.ndjson",
    "leaves.ndjson",
    "nodes.bin",
    "checkpoint",
    "opened.ndjson",
    "people.json",
    "decisions.json",
)
"""What a pack proves by itself, whoever signs its list of files; the rest is as the system has it."""


@cache
def pack() -> dict[str, bytes]:
    return made_pack(told_log())


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_any_bit(data: st.DataObject) -> None:
    """A bit that is turned in any file of a pack is found."""
    name = data.draw(st.sampled_from(sorted(pack())))
    at = data.draw(st.integers(0, len(pack()[name]) - 1))
    with TemporaryDirectory() as folder:
        assert verified(Path(folder), pack() | {name: bit(pack()[name], at)}).exit_code == 1


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_any_bytes_signed_anew(data: st.DataObject) -> None:
    """Bytes that the office itself puts into a proven file, cuts out of it or turns in it lead to words, no crash."""
    name = data.draw(st.sampled_from(PROVEN))
    found = pack()[name]
    start = data.draw(st.integers(0, len(found)))
    end = data.draw(st.integers(start, min(len(found), start + 40)))
    put = data.draw(
        st.binary(max_size=40) | st.sampled_from([b"null", b"[]", b"{}", b"\n", b'"', b"-1", b"1e999"])
    )
    changed = found[:start] + put + found[end:]
    with TemporaryDirectory() as folder:
        verdict = verified(Path(folder), relisted(dict(pack()) | {name: changed}))
    assert verdict.exit_code > 0 or alike(name, changed, found)


def alike(name: str, one: bytes, other: bytes) -> bool:
    """Whether two files say the same: of JSON, white space says nothing."""
    if "json" not in name or name == "facts.ndjson":
        return one == other
    lines = (lambda raw: raw.splitlines()) if name.endswith("ndjson") else (lambda raw: [raw])
    return [json.loads(line) for line in lines(one)] == [json.loads(line) for line in lines(other)]


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_any_bytes_of_a_log(data: st.DataObject) -> None:
    """So do bytes of the log's own files, of which each that differs is found."""
    files = log_files()
    name = data.draw(st.sampled_from(sorted(files)))
    found = files[name]
    start = data.draw(st.integers(0, len(found)))
    end = data.draw(st.integers(start, min(len(found), start + 40)))
    changed = found[:start] + data.draw(st.binary(max_size=40)) + found[end:]
    with TemporaryDirectory() as folder:
        verdict = verified_tiles(Path(folder), files | {name: changed}, trust())
    assert verdict.exit_code == (1 if changed != found else 0)


@cache
def log_files() -> dict[str, bytes]:
    return told_log().files()
