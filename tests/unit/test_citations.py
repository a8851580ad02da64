"""Every citation leads somewhere in this repository, and none names a place by a form that nobody can follow."""

from __future__ import annotations

import pytest

from tests.support.citations import broken, broken_links, old_forms, prose, sources
from tests.support.documents import DOCS, ROOT

SOURCES = {str(path.relative_to(ROOT)): path for path in sources()}


def test_every_citation_leads_somewhere() -> None:
    """Pages, anchors, decisions and sentences that docstrings, comments and documents name are there."""
    wrong = {name: broken(prose(path), path.parent) for name, path in SOURCES.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


def test_every_relative_link_leads_somewhere() -> None:
    """Links of Markdown pages, wherever they lie, name a file, a folder or an anchor of the repository."""
    pages = {name: broken_links(path) for name, path in SOURCES.items() if path.suffix == ".md"}
    assert "tests/rules/README.md" in pages
    assert {name: found for name, found in pages.items() if found} == {}


def test_no_citation_has_an_old_form() -> None:
    """No section by its number, no chapter in quotation marks, no document that is not in the repository."""
    wrong = {name: old_forms(prose(path)) for name, path in SOURCES.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "citation",
    [
        "contract.md#no-such-event",
        "hazards.md#nothing",
        "procedure.md#visits-row-99",
        "no-such-page.md",
        "docs/no-such-page.md",
        "../contract.md",
        "ADR 9999",
        "ADR 12",
        "ADR-0013",
        "sentences.yaml#time.never",
    ],
)
def test_a_citation_that_leads_nowhere_is_found(citation: str) -> None:
    """A page, an anchor, a decision or a sentence that is not there, or a number that is not as it is written."""
    assert broken(f"As it stands in ({citation}), so it is.", ROOT / "services")


@pytest.mark.parametrize(
    "citation",
    [
        "contract.md#visit-registered",
        "contract.md#g5",
        "docs/contract.md",
        "hazards.md#every-join-moves-every-partition",
        "procedure.md#visits-row-5",
        "ADR 0004",
        "sentences.yaml#time.late",
        "https://example.org/no-such-page.md",
    ],
)
def test_a_citation_that_leads_somewhere_is_left_alone(citation: str) -> None:
    """Short names are looked for in docs/ and docs/rules/; what another host has is not looked at."""
    assert broken(f"As it stands in ({citation}).", ROOT / "services") == []
    assert old_forms(citation) == []


@pytest.mark.parametrize(
    "form",
    [
        "Section 2 of the rules",
        "section 7",
        "rules.md 10",
        "(rules, 2. Identity)",
        "contract 5",
        "(contract, section 5)",
        "Contract, sections 3 and 5",
        "hazards 12",
        'Hazards, "Timers and alerts"',
        "Hazards: a port",
        'Patterns, "Consumer"',
        'architecture "Layout"',
        "(architecture choice 6)",
        "guarantee G3",
        "house.md",
        "CHANGES.md",
        "shared/spec",
    ],
)
def test_an_old_form_is_found(form: str) -> None:
    """Each way in which a text once named what a reader could not find."""
    assert old_forms(f"As it stands there: {form}.")


@pytest.mark.parametrize(
    "said", ["RFC 5321 section 4.2.1", "two rules, the contract and its patterns", "CHANGELOG.md"]
)
def test_what_is_no_citation_is_left_alone(said: str) -> None:
    """Sections of a standard, and the words alone."""
    assert old_forms(said) == []


def test_what_code_says_is_read_whole() -> None:
    """A citation that is broken over two lines is one, and code is no citation."""
    said = prose(ROOT / "tests/support/citations.py")
    assert "names a page and an anchor of it, found in" in said
    assert "def old_forms" not in said
    assert "ADR 0004" in said
    assert len(SOURCES) > 500
    assert str((DOCS / "contract.md").relative_to(ROOT)) in SOURCES
