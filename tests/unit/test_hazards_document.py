"""docs/hazards.md: every entry says what is done about it, and is of the versions that are installed."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from deploy.local.jars import VERSION as KAFKA
from tests.support.documents import DOCS, anchors, text

HAZARDS = DOCS / "hazards.md"
ENTRIES = dict(re.findall(r"^### ([^\n]+)\n\n(.*?)(?=^#|\Z)", text(HAZARDS), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_says_what_happens_and_what_is_done(entry: str) -> None:
    """What goes wrong comes first, what is done about it here second."""
    happens, here, done = ENTRIES[entry].partition("**Here:** ")
    assert here, entry
    assert len(happens.split()) > 5
    assert done.strip()


@pytest.mark.parametrize("library", ["faststream", "aiokafka", "eventsourcing", "psycopg", "uvicorn"])
def test_the_hazards_are_those_of_the_version_that_is_installed(library: str) -> None:
    """Whoever raises a version reads the entries of that library again, and writes the new one down here."""
    assert f"{library} {version(library)}" in text(HAZARDS)


def test_the_hazards_are_those_of_the_kafka_that_is_embedded() -> None:
    """The same of the broker."""
    assert f"Apache Kafka {KAFKA}" in text(HAZARDS)


def test_no_two_entries_have_one_anchor() -> None:
    """A citation leads to one entry."""
    headings = re.findall(r"^#+ .+$", text(HAZARDS), re.MULTILINE)
    assert len(anchors(HAZARDS)) == len(headings)
