"""The report of a pack: what stands in it, read back from the PDF."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from shared.evidence.content import EvidenceContent
from shared.evidence.report import reports
from shared.platform.place_names import PlaceNames
from shared.rules.rulebooks.registry import Registry
from tests.support.evidence import OTHERS_NAME, OTHERS_PHONE, made_pack, told_log, verified
from tests.support.pdf import text_of_pdf

ALERTS = [
    {
        "step": "last_morning", "audience": "owner", "staff": "li", "deadline": "2026-03-05T16:00:00Z",
        "history": [
            {"at": "2026-03-05T01:00:02Z", "what": "answer sent", "channel": "dingtalk/east", "answer": "errcode 0"}
        ],
    }
]  # fmt: skip
ACCESS = [
    {"at": "2026-03-05T03:00:00Z", "act": "opened", "login": "zhou", "action": "customer.read"},
    {
        "at": "2026-03-05T04:00:00Z",
        "act": "opened",
        "login": "gao@example.com",
        "staff": "gao",
        "action": "customer.read",
    },
]


@pytest.fixture(scope="module")
def pack() -> dict[str, bytes]:
    return made_pack(told_log(), report=partial(reports, names=PlaceNames()), alerts=ALERTS, access=ACCESS)


ZH = (
    "客户证据报告", "登记了什么", "争议裁定", "维持", "2026年3月1日10:00", "2026年3月1日10:02", "按轮接待",
    "接待人:li(li)", "服务商已受理钉钉致归属人最后一天上午至2026年3月6日00:00", "zhou查看查看客户",
    "gao(gao)查看查看客户",
)  # fmt: skip
EN = (
    "Evidenceonacustomer", "ruling", "kept", "1March2026at10:00", "1March2026at10:02", "Onturn", "receivedby:li(li)",
    "takenbytheproviderDingTalktotheowneronthelastmorninguntil6March2026at00:00", "zhoulookedatit",
    "gao(gao)lookedatit",
)  # fmt: skip


@pytest.mark.parametrize(("language", "words"), [("zh", ZH), ("en", EN)])
def test_report(pack: dict[str, bytes], language: str, words: tuple[str, ...]) -> None:
    """What was recorded, with both times and in its words; what was decided; who was told and who looked."""
    told = text_of_pdf(pack[f"report.{language}.pdf"])
    for word in [*words, "预算300万，看中三期", "+8613800000001", "errcode0", "zhou"]:
        assert word in told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_clauses(pack: dict[str, bytes], language: str) -> None:
    """Each decision stands there with the words of its clause."""
    told = text_of_pdf(pack[f"report.{language}.pdf"])
    clauses = {str(name): text for name, text in Registry().find("base").rulebook.clauses.items()}
    for decision in json.loads(pack["decisions.json"])["customers"][0]["decisions"]:
        assert "".join(str(getattr(clauses[decision["clause"]], language)).split()) in told


def test_others(pack: dict[str, bytes]) -> None:
    """Nothing of another customer is printed."""
    for name in ("report.zh.pdf", "report.en.pdf"):
        told = text_of_pdf(pack[name])
        assert OTHERS_NAME not in told
        assert OTHERS_PHONE not in told


def test_listed(pack: dict[str, bytes], tmp_path: Path) -> None:
    """The reports are among the files of the pack."""
    assert verified(tmp_path, pack).exit_code == 0
    assert "report.zh.pdf" in {file["name"] for file in json.loads(pack["manifest.json"])["files"]}


def test_same_bytes() -> None:
    """The same content gives the same bytes."""
    log, told = told_log(), list[EvidenceContent]()

    def kept(content: EvidenceContent) -> dict[str, bytes]:
        told.append(content)
        return {}

    made_pack(log, report=kept)
    assert reports(told[0], PlaceNames()) == reports(told[0], PlaceNames())
