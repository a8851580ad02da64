"""The report of a pack, to print: who the customer is, what was recorded, decided and known when (ADR 0047).

One file for each language, with the font in it, so that it reads the same everywhere; no time of making, so that the
same content and the same names of offices give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Final

from shared.contract.case_numbers import case_number
from shared.contract.event_words import KINDS
from shared.contract.field_words import field_word
from shared.contract.value_words import value_word
from shared.evidence.content import EvidenceContent, Json, RecordOfCustomer
from shared.evidence.form import REPORTS, Language
from shared.evidence.report_words import DECISIONS, HEADS, PARTS, STATUSES
from shared.i18n import Text, translated
from shared.i18n.times import dated
from shared.platform.place_names import PlaceNames
from shared.platform.text.plain import one_line

if TYPE_CHECKING:
    from fpdf import FPDF

Row = Sequence[str]

FONT: Final = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
_MARGIN: Final = 15
_TITLE: Final = 18
_HEADING: Final = 12
_BODY: Final = 8.5
_LINE: Final = 4.6
_MADE: Final = datetime(1980, 1, 1, tzinfo=UTC)
_NOTHING: Final = "–"


def report(content: EvidenceContent, language: Language, names: PlaceNames) -> bytes:
    """The report as PDF; places by name, with the id behind it by which the records name them."""
    return _Report(content, language, names).made()


def reports(content: EvidenceContent, names: PlaceNames) -> dict[str, bytes]:
    """The reports of a pack, in both languages."""
    return {name: report(content, language, names) for language, name in REPORTS.items()}


class _Report:
    def __init__(self, content: EvidenceContent, language: Language, names: PlaceNames) -> None:
        self._content = content
        self._language = language
        self._names = names
        foot = f"{self._word(names.scope(content.scope))} {case_number(content.customer)}"
        self._pdf = _new(self._word(PARTS["title"]), foot, self)

    def made(self) -> bytes:
        self._head()
        self._standing()
        self._timeline()
        self._decisions()
        self._deals()
        self._known()
        return bytes(self._pdf.output())

    def word(self, name: str) -> str:
        return self._word(PARTS[name])

    def _word(self, text: Text) -> str:
        return text.zh if self._language == "zh" else text.en

    def _head(self) -> None:
        pdf, content = self._pdf, self._content
        pdf.set_font_size(_TITLE)
        pdf.cell(0, 10, self.word("title"), new_x="LMARGIN", new_y="NEXT")
        self._text(self.word("verify"))
        self._pairs(
            (
                (translated("ownership scope"), self._word(self._names.scope_with_id(content.scope))),
                (translated("offices of its records"), self._offices()),
                (translated("customer"), content.customer),
                (translated("case number"), case_number(content.customer)),
                (translated("contacts"), "  ".join(content.contacts)),
                (translated("names"), "  ".join(content.names)),
                (translated("facts of the scope that were judged"), str(content.seq)),
                (translated("as of"), self._time(content.result.as_of)),
                (translated("log"), f"{content.origin}  {content.size}  {content.root}"),
            )
        )

    def _offices(self) -> str:
        """Where the customer's records were made, the first first."""
        offices = dict.fromkeys(
            one.event["office"] for one in self._content.records if one.event.get("office")
        )
        return "  ".join(self._word(self._names.office_with_id(one)) for one in offices)

    def _standing(self) -> None:
        self._heading(self.word("standing"))
        for customer in self._content.result.customers:
            self._pairs(
                (
                    (translated("status"), self._status(customer.status)),
                    (translated("owner"), self._staff(customer.owner)),
                    (translated("since"), self._time(customer.since)),
                    (translated("expires"), self._time(customer.expires_at)),
                    (translated("clause"), self._clause(customer.clause)),
                )
            )

    def _timeline(self) -> None:
        self._heading(self.word("timeline"))
        head = ("no.", "happened at", "recorded at", "entered by", "record", "what it says")
        rows = [self._record(record) for record in self._content.records]
        self._table(head, rows, (8, 28, 28, 18, 20, 78))

    def _record(self, record: RecordOfCustomer) -> Row:
        event = record.event
        said = self.word("closed") if record.said is None else self._said(record.said)
        kind = self._word(KINDS[event["type"]])
        times = (self._time(event["occurred_at"]), self._time(event["recorded_at"]))
        return (str(record.seq), *times, self._staff(event["actor"]), kind, said)

    def _said(self, data: Json) -> str:
        said = (f"{self._label(path)}: {self._value(path, value)}" for path, value in _flat("", data))
        return "; ".join(said) or _NOTHING

    def _label(self, path: str) -> str:
        """The field of a path in words, where it has any."""
        known = field_word(path)
        return path if known is None else self._word(known)

    def _value(self, path: str, value: Any) -> str:
        """What stands in a field, in words where it is of a closed list."""
        if isinstance(value, list):
            return "  ".join(self._value(path, one) for one in value)
        known = value_word(path, value)
        return str(value) if known is None else self._word(known)

    def _decisions(self) -> None:
        self._heading(self.word("decisions"))
        head = ("at", "decision", "owner", "before", "clause", "because of no.")
        rows = [
            (
                self._time(one.at),
                self._decision(one.decision),
                self._staff(one.owner),
                self._staff(one.previous),
                self._clause(one.clause),
                self._because(one.because),
            )
            for customer in self._content.result.customers
            for one in customer.decisions
        ]
        self._table(head, rows, (28, 18, 22, 22, 70, 20))

    def _deals(self) -> None:
        result = self._content.result
        if result.deals:
            self._heading(self.word("deals"))
            rows = [
                (
                    self._time(one.at),
                    deal.deal,
                    self._status(one.status),
                    "; ".join(f"{self._staff(who)} {part / 100:g}%" for who, part in one.shares.items()),
                    self._clause(one.clause),
                    self._because(one.because),
                )
                for deal in result.deals
                for one in deal.decisions
            ]
            head = ("at", "deal", "status", "shares", "clause", "because of no.")
            self._table(head, rows, (28, 18, 18, 36, 60, 20))
        if result.disputes:
            self._heading(self.word("disputes"))
            disputes = [
                (one.dispute, self._status(one.status), self._staff(one.opened_by), self._clause(one.clause))
                for one in result.disputes
            ]
            self._table(("dispute", "status", "opened by", "clause"), disputes, (40, 24, 30, 86))

    def _known(self) -> None:
        self._heading(self.word("known"))
        rows = sorted(tuple(row) for row in (*self._entered(), *self._alerted(), *self._looked()))
        shown = [(self._time(at), *rest) for at, *rest in rows]
        self._table(("at", "who", "how", "of what"), shown, (28, 34, 40, 78))

    def _entered(self) -> Iterator[Row]:
        for record in self._content.records:
            event = record.event
            what = f"{self._word(KINDS[event['type']])} {record.seq}"
            yield event["recorded_at"], self._staff(event["actor"]), self.word("entered"), what

    def _alerted(self) -> Iterator[Row]:
        for alert in self._content.alerts:
            for entry in alert.get("history", ()):
                how = " ".join(filter(None, (str(entry.get("what") or ""), str(entry.get("channel") or ""))))
                what = " ".join(str(alert.get(name) or "") for name in ("audience", "step", "deadline"))
                told = " ".join(filter(None, (what, str(entry.get("answer") or ""))))
                yield str(entry["at"]), self._staff(alert.get("staff")), how, one_line(told)

    def _looked(self) -> Iterator[Row]:
        for entry in self._content.access:
            who = str(entry.get("login") or entry.get("account") or _NOTHING)
            how = self.word("looked") if entry.get("act") == "opened" else str(entry.get("act"))
            yield str(entry["at"]), who, how, str(entry.get("action") or entry.get("detail") or "")

    def _because(self, events: Iterable[str]) -> str:
        places = {record.event["id"]: record.seq for record in self._content.records}
        return ", ".join(str(places.get(id_, id_)) for id_ in events)

    def _clause(self, clause: str | None) -> str:
        if clause is None:
            return _NOTHING
        text = self._content.clauses.get(clause)
        return clause if text is None else f"{clause}  {self._word(text)}"

    def _staff(self, staff: str | None) -> str:
        if staff is None:
            return self.word("nobody")
        name = self._content.staff.get(staff)
        return staff if name is None else f"{name} ({staff})"

    def _status(self, status: str) -> str:
        known = STATUSES.get(status)
        return status if known is None else self._word(known)

    def _decision(self, decision: str) -> str:
        known = DECISIONS.get(decision)
        return decision if known is None else self._word(known)

    def _time(self, at: str | None) -> str:
        if at is None:
            return _NOTHING
        return self._word(dated(datetime.fromisoformat(at), self._content.zone))

    def _heading(self, text: str) -> None:
        self._pdf.ln(3)
        self._pdf.set_font_size(_HEADING)
        self._pdf.cell(0, 8, text, new_x="LMARGIN", new_y="NEXT")
        self._pdf.set_font_size(_BODY)

    def _text(self, text: str) -> None:
        self._pdf.set_font_size(_BODY)
        self._pdf.multi_cell(0, _LINE, text, wrapmode=self._wrap, new_x="LMARGIN", new_y="NEXT")
        self._pdf.ln(1)

    def _pairs(self, pairs: Iterable[tuple[Text, str]]) -> None:
        rows = [(self._word(label), value) for label, value in pairs]
        self._rows(rows, (45, 135), headings=False)

    def _table(self, head: Row, rows: Sequence[Row], widths: Sequence[int]) -> None:
        if not rows:
            self._text(self.word("none"))
            return
        self._rows([[self._word(HEADS[name]) for name in head], *rows], widths, headings=True)

    def _rows(self, rows: Sequence[Row], widths: Sequence[int], *, headings: bool) -> None:
        from fpdf.fonts import FontFace

        self._pdf.set_font_size(_BODY)
        with self._pdf.table(
            col_widths=tuple(widths),
            line_height=_LINE,
            first_row_as_headings=headings,
            headings_style=FontFace(fill_color=(235, 235, 235)),
            padding=0.8,
            text_align="LEFT",
            wrapmode=self._wrap,
        ) as table:
            for row in rows:
                cells = table.row()
                for cell in row:
                    cells.cell(one_line(cell) or _NOTHING)

    @property
    def _wrap(self) -> Any:
        """Chinese breaks between any two characters, and so do ids."""
        from fpdf.enums import WrapMode

        return WrapMode.CHAR if self._language == "zh" else WrapMode.WORD


def _new(title: str, footer: str, words: _Report) -> FPDF:
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font_size(7)
            self.cell(0, 5, f"{footer}   {words.word('page')} {self.page_no()}/{{nb}}", align="C")

    pdf = Paper(format="A4")
    pdf.set_creation_date(_MADE)
    pdf.set_title(title)
    pdf.set_margin(_MARGIN)
    pdf.set_auto_page_break(True, margin=_MARGIN + 3)
    package, name = FONT
    with as_file(files(package) / name) as font:
        pdf.add_font("text", fname=str(font))
    pdf.set_font("text", size=_BODY)
    pdf.add_page()
    return pdf


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value of a record by its path; a list of plain values is one."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(f"{path}.{name}" if path else name, each)
    elif isinstance(value, list):
        if any(isinstance(each, dict | list) for each in value):
            for number, each in enumerate(value):
                yield from _flat(f"{path}[{number}]", each)
        else:
            yield path, value
    elif value is not None:
        yield path, value
