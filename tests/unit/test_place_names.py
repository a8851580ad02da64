"""What offices and scopes are called, wherever a person reads it: by one file, else by their ids."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from services.notifier.messages.compose import Composer
from services.notifier.model.alert import LeasedAlert, Person, Recipient, RenderedMessage
from services.notifier.model.kinds import Rung
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.plan import Plans
from services.registers.sheets.form import FormReader
from services.registers.sheets.forms import FORMS
from services.registers.sheets.register_book import RegisterEdition, write_register
from services.registers.sheets.report_book import ReportEdition, write_report
from shared.evidence.report import reports
from shared.i18n import Text
from shared.ids import StaffId
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.place_names import PlaceNames, place_names_of
from shared.platform.settings import SettingsError
from tests.support.evidence import made_pack, told_log
from tests.support.journal import WrittenJournal
from tests.support.office_month import office_month
from tests.support.pdf import text_of_pdf
from tests.support.registers import JournalReader, served, staff
from tests.support.workbooks import ReadSheet, read_workbook
from tests.unit.test_notifier_words import alert, local
from tests.unit.test_register_workbooks import basis_of

ROOT = Path(__file__).parents[2]
NAMES = PlaceNames(
    {"north": Text("北区", "The north"), "demo": Text("演示项目", "Demonstration project")},
    {
        "east": Text("东区案场", "East office"),
        "west": Text("西区案场", "West office"),
        "demo-office": Text("演示案场", "Demonstration office"),
    },
)
"""Of the places of the tests' journals."""
DAYS = {"from": "2026-03-01", "to": "2026-03-31"}
MANAGER = staff("manager", "gao")


def test_the_names_that_ship_are_those_of_the_invented_office() -> None:
    names = PlaceNames.read(str(ROOT / "deploy/names.yaml"))
    assert names.office("demo-office") == Text("演示案场", "Demonstration office")
    assert names.scope("demo") == Text("演示项目", "Demonstration project")
    assert names.office_with_id("demo-office") == Text(
        "演示案场（demo-office）", "Demonstration office (demo-office)"
    )


def test_what_has_no_name_is_called_by_its_id() -> None:
    assert PlaceNames.read("").scope("demo") == Text("demo", "demo")
    assert NAMES.office("south") == NAMES.office_with_id("south") == Text("south", "south")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("offices:\n  a: {zh: 甲}\n", "offices.a", 2),
        ("offices:\n  a: {zh: '', en: A}\n", "offices.a.zh", 2),
        ("office:\n  a: {zh: 甲, en: A}\n", "office", 1),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line_and_its_setting(
    tmp_path: Path, text: str, key: str, line: int
) -> None:
    file = tmp_path / "names.yaml"
    file.write_text(text)
    with pytest.raises(OfficeFileError) as refused:
        PlaceNames.read(str(file))
    assert refused.value.key.startswith(key)
    assert refused.value.line == line
    with pytest.raises(SettingsError, match=r"PANKE_PLACE_NAMES: .*（.*[\u4e00-\u9fff]{2}.*）$"):
        place_names_of(str(file))


def test_every_service_that_shows_offices_is_given_the_file_and_no_other(tmp_path: Path) -> None:
    """`panke up` and the demonstration start them so."""
    stack = Stack(tmp_path, settings={"PANKE_PLACE_NAMES": "names.yaml"}, environment={})
    given = {one.name for one in stack.make_services() if "PANKE_PLACE_NAMES" in one.environment}
    assert given == {"notifier", "audit", "registers", "console"}


def above(sheets: list[ReadSheet]) -> str:
    return " ".join(str(cell) for cell in sheets[0].rows[1] if cell)


def test_a_report_names_its_office_at_its_head_and_with_the_id_in_its_notes() -> None:
    report, file = office_month().report("daily", "03-01", "03-31"), io.BytesIO()
    write_report(report, file, ReportEdition(english=True, names=NAMES))
    sheets = read_workbook(file.getvalue())
    assert "案场：东区案场" in above(sheets) and "office: East office" in above(sheets)
    assert "东区案场（east）\nEast office (east)" in sheets[-1].texts()
    plain = io.BytesIO()
    write_report(report, plain)
    assert "案场：east" in above(read_workbook(plain.getvalue()))


def test_a_register_names_its_office_at_its_head() -> None:
    reader, file = FormReader(basis_of(office_month().posted())), io.BytesIO()
    write_register(FORMS["visits"], reader, file, RegisterEdition(names=NAMES))
    sheets = read_workbook(file.getvalue())
    assert "案场：东区案场" in above(sheets)
    assert "东区案场（east）" in sheets[-1].texts()


def test_workbooks_over_http_have_the_names_of_the_deployment() -> None:
    """Of an office, and of a scope, where each office has its line; the answers keep the ids, which programs read."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a")
    journal.office = "west"
    journal.visit("03-04 10:00", "b", by="zhao")
    with served(JournalReader(journal.lines()), "04-02 12:00", names=NAMES) as client:
        for path in ("offices/east/reports/daily", "offices/east/registers/visits"):
            answer = client.get(f"/v1/{path}/workbook", params=DAYS, auth=MANAGER)
            assert "案场：东区案场" in above(read_workbook(answer.content)), path
        by_office = {"params": {**DAYS, "by": "office"}, "auth": MANAGER}
        sheets = read_workbook(
            client.get("/v1/scopes/north/reports/conversion/workbook", **by_office).content
        )
        assert "判客范围：北区" in above(sheets)
        assert {"东区案场", "西区案场"} <= set(sheets[0].below("案场"))
        answer = client.get("/v1/scopes/north/reports/conversion", **by_office)
        assert "东区案场" not in answer.text and '"east"' in answer.text


def report_alert() -> LeasedAlert:
    """日报 of 5 March, due at 18:00."""
    detail = {
        "report": "daily", "office": "demo-office", "every": "day", "first": "2026-03-05", "last": "2026-03-05",
        "known_at": "2026-03-05T10:00:00Z", "attach": False, "made": None,
    }  # fmt: skip
    return replace(alert(Rung.EVENT, due_at=local(5, 18)), kind="report", detail=detail)


def sent(plans: Plans) -> RenderedMessage:
    packet, boss = OutgoingMessage((report_alert(),)), Person(StaffId("gao"), "高经理", "manager")
    composer = Composer(plans, timedelta(hours=1))
    return composer.notice(packet, Recipient(boss), {(packet.first.scope, boss.staff): boss}, local(5, 18))


def test_a_message_about_a_report_names_its_office() -> None:
    words = sent(Plans(names=NAMES)).words
    assert words.subject_zh == "【判客】演示案场日报 2026-03-05"
    assert "演示案场" in words.body_zh and "Demonstration office" in words.body_en
    assert "demo-office" not in words.text
    assert "demo-office" in sent(Plans()).words.subject_zh


def test_the_report_of_a_pack_names_scope_and_office_with_their_ids() -> None:
    """The names are a part of what a pack is made of: the same give the same bytes, others give others."""
    log = told_log()
    packs = [made_pack(log, report=partial(reports, names=one)) for one in (NAMES, NAMES, PlaceNames())]
    for language, words in (
        ("zh", ["演示项目（demo）", "演示案场（demo-office）"]),
        ("en", ["Demonstrationproject(demo)", "Demonstrationoffice(demo-office)"]),
    ):
        name = f"report.{language}.pdf"
        told, plain = text_of_pdf(packs[0][name]), text_of_pdf(packs[2][name])
        assert all(word in told for word in words), words
        assert not any(word in plain for word in words) and "demo-office" in plain
        assert packs[0][name] == packs[1][name]
    assert packs[0]["decisions.json"] == packs[2]["decisions.json"]
