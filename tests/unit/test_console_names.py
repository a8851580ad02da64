"""Clauses and customers by their names: an id stands where nobody gave a name."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from services.console.asking.customer_answers import NamedCustomer
from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServicesAsPerson
from services.console.frame.office_books import OfficeBooks
from services.console.frame.seen_names import KEPT, SeenNames
from shared.i18n import Text

NOW = datetime(2026, 3, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clause", "zh", "en"),
    [
        ("shijiazhuang.1", "《石家庄公司销售现场客户界定制度》第1条",
         "Shijiazhuang on-site customer definition rules, clause 1"),
        ("base.dispute", "《通用规则》", None),
        ("elsewhere.7", "elsewhere.7", "elsewhere.7"),
    ],
)  # fmt: skip
def test_a_clause_is_cited_by_its_rulebook(clause: str, zh: str, en: str | None) -> None:
    cited = OfficeBooks().cited(clause)
    assert cited.zh == zh
    assert en is None or cited.en == en
    assert "base." not in cited.en


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("归李娜。依据shijiazhuang.1：以首次来访为准。",
         "归李娜。依据《石家庄公司销售现场客户界定制度》第1条：以首次来访为准。"),
        ("This rests on base.dispute. Records: x.", "This rests on 《通用规则》. Records: x."),
        ("依据elsewhere.7。", "依据elsewhere.7。"),
        ("li@base.dispute, /base.dispute, base.dispute.pdf", "li@base.dispute, /base.dispute, base.dispute.pdf"),
    ],
)  # fmt: skip
def test_a_sentence_cites_its_clauses_as_people_do(said: str, shown: str) -> None:
    assert OfficeBooks().cites(Text(said, "")).zh == shown


def test_a_clause_of_an_office_s_own_rulebook_is_cited_by_its_title(tmp_path: Path) -> None:
    (tmp_path / "east.yaml").write_text(
        "rulebook: east\nversion: 1\nextends: shijiazhuang\ntitle: {zh: 东区制度, en: Rules of the east}\n"
        'named: {honoured: true, cite: "1"}\nclauses:\n  "1": {zh: 甲, en: A.}\n'
    )
    assert OfficeBooks(str(tmp_path)).cited("east.1") == Text(
        "《东区制度》第1条", "Rules of the east, clause 1"
    )


class NamesAsked:
    """Attribution, which knows two customers and shows a third to nobody."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, _service: str, path: str, _kind: type[Any], **_query: Any) -> NamedCustomer:
        customer = path.rpartition("/")[2]
        self.asked.append(customer)
        if customer == "c3":
            raise ServiceRefusedError("attribution", 404, "没有 (none)")
        return NamedCustomer([f"王{customer}"] if customer == "c1" else [])


def test_names_are_asked_once_for_each_who_looks_and_again_after_a_while() -> None:
    at, services = [NOW], NamesAsked()
    names = SeenNames(lambda: at[0])

    def seen(viewer: str) -> dict[str, str]:
        asker = cast(ServicesAsPerson, services)
        return asyncio.run(names.of(asker, viewer, "east", ["c1", "c2", "c3", "c1"]))

    assert seen("gao") == {"c1": "王c1", "c2": "", "c3": ""}
    assert seen("gao") == {"c1": "王c1", "c2": "", "c3": ""}
    assert sorted(services.asked) == ["c1", "c2", "c3"]
    seen("li")
    assert len(services.asked) == 6
    at[0] += KEPT + timedelta(seconds=1)
    seen("gao")
    assert len(services.asked) == 9
