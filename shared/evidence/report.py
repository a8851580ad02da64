"""The report of a pack, to print: who the customer is, what was recorded, decided and known when (ADR 0047).

One file for each language, with the font in it, so that it reads the same everywhere; no time of making, so that the
same content and the same names of offices give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Final

from shared.access.table import permission_table
from shared.contract.alert_words import AUDIENCES, HAPPENED, STEPS
from shared.contract.case_numbers import case_number
from shared.contract.event_words import KINDS
from shared.contract.value_words import DECISIONS, STATUSES
from shared.evidence.content import EvidenceContent, Json, RecordOfCustomer
from shared.evidence.form import REPORTS, Language
from shared.evidence.report_words import ACTS, HEADS, NOTHING, PARTS, EvidenceWords
from shared.i18n import Text, translated, translated_in
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


def report(content: EvidenceContent, language: Language, names: PlaceNames) -> bytes:
    """The report as PDF; places by name, with the id behind it by which the records name them."""
    return _Report(content, language, names).made()


def reports(content: EvidenceContent, names: PlaceNames) -> dict[str, bytes]:
    """The reports of a pack, in both languages."""
    return {name: report(content, language, names) for language, name in REPORTS.items()}


class _Report:
    def __init__(self, content: EvidenceContent, language: Language, names: PlaceNames) -> None:
        self._content = content
        self._in = EvidenceWords(content, language)
        self._language = language
        self._names = names
        foot = f"{self._in.text(names.scope(content.scope))} {case_number(content.customer)}"
        self._pdf = _new(self._in.text(PARTS["title"]), foot, self._in)

    def made(self) -> bytes:
        self._head()
        self._standing()
        self._timeline()
        self._decisions()
        self._deals()
        self._known()
        return bytes(self._pdf.output())

    def _head(self) -> None:
        pdf, content = self._pdf, self._content
        pdf.set_font_size(_TITLE)
        pdf.cell(0, 10, self._in.part("title"), new_x="LMARGIN", new_y="NEXT")
        self._text(self._in.part("verify"))
        self._pairs(
            (
                (translated("ownership scope"), self._in.text(self._names.scope_with_id(content.scope))),
                (translated("offices of its records"), self._offices()),
                (translated_in("of a customer", "id"), content.customer),
                (translated("case number"), case_number(content.customer)),
                (translated("contacts"), "  ".join(content.contacts)),
                (translated("names"), "  ".join(content.names)),
                (translated("facts of the scope that were judged"), str(content.seq)),
                (translated("as of"), self._in.time(content.result.as_of)),
                (translated("log"), f"{content.origin}  {content.size}  {content.root}"),
            )
        )

    def _offices(self) -> str:
        """Where the customer's records were made, the first first."""
        offices = dict.fromkeys(
            one.event["office"] for one in self._content.records if one.event.get("office")
        )
        return "  ".join(self._in.text(self._names.office_with_id(one)) for one in offices)

    def _standing(self) -> None:
        self._heading(self._in.part("standing"))
        for customer in self._content.result.customers:
            self._pairs(
                (
                    (translated("status"), self._in.known(STATUSES, customer.status)),
                    (translated("owner"), self._in.staff(customer.owner)),
                    (translated("since"), self._in.time(customer.since)),
                    (translated("expires"), self._in.time(customer.expires_at)),
                    (translated("clause"), self._in.clause(customer.clause)),
                )
            )

    def _timeline(self) -> None:
        self._heading(self._in.part("timeline"))
        head = ("no.", "happened at", "recorded at", "entered by", "record", "what it says")
        rows = [self._record(record) for record in self._content.records]
        self._table(head, rows, (8, 33, 33, 18, 20, 68))

    def _record(self, record: RecordOfCustomer) -> Row:
        event = record.event
        said = self._in.part("closed") if record.said is None else self._in.said(record.said)
        kind = self._in.text(KINDS[event["type"]])
        times = (self._in.time(event["occurred_at"]), self._in.time(event["recorded_at"]))
        return (str(record.seq), *times, self._in.staff(event["actor"]), kind, said)

    def _decisions(self) -> None:
        self._heading(self._in.part("decisions"))
        head = ("at", "decision", "owner", "before", "clause", "because of no.")
        rows = [
            (
                self._in.time(one.at),
                self._in.known(DECISIONS, one.decision),
                self._in.staff(one.owner),
                self._in.staff(one.previous),
                self._in.clause(one.clause),
                self._because(one.because),
            )
            for customer in self._content.result.customers
            for one in customer.decisions
        ]
        self._table(head, rows, (33, 18, 22, 22, 65, 20))

    def _deals(self) -> None:
        result = self._content.result
        if result.deals:
            self._heading(self._in.part("deals"))
            rows = [
                (
                    self._in.time(one.at),
                    deal.deal,
                    self._in.known(STATUSES, one.status),
                    "; ".join(f"{self._in.staff(who)} {part / 100:g}%" for who, part in one.shares.items()),
                    self._in.clause(one.clause),
                    self._because(one.because),
                )
                for deal in result.deals
                for one in deal.decisions
            ]
            head = ("at", "deal", "status", "shares", "clause", "because of no.")
            self._table(head, rows, (33, 18, 18, 36, 55, 20))
        if result.disputes:
            self._heading(self._in.part("disputes"))
            disputes = [
                (
                    one.dispute,
                    self._in.known(STATUSES, one.status),
                    self._in.staff(one.opened_by),
                    self._in.clause(one.clause),
                )
                for one in result.disputes
            ]
            self._table(("dispute", "status", "opened by", "clause"), disputes, (40, 24, 30, 86))

    def _known(self) -> None:
        self._heading(self._in.part("known"))
        rows = sorted(tuple(row) for row in (*self._entered(), *self._alerted(), *self._looked()))
        shown = [(self._in.time(at), *rest) for at, *rest in rows]
        self._table(("at", "who", "how", "of what"), shown, (33, 33, 40, 74))

    def _entered(self) -> Iterator[Row]:
        for record in self._content.records:
            event = record.event
            what = f"{self._in.text(KINDS[event['type']])} {record.seq}"
            yield event["recorded_at"], self._in.staff(event["actor"]), self._in.part("entered"), what

    def _alerted(self) -> Iterator[Row]:
        for alert in self._content.alerts:
            for entry in alert.get("history", ()):
                how = (self._in.known(HAPPENED, entry.get("what")), self._in.channel(entry.get("channel")))
                told = (
                    self._in.known(AUDIENCES, alert.get("audience")), self._in.known(STEPS, alert.get("step")),
                    self._until(alert.get("deadline")), one_line(str(entry.get("answer") or "")),
                )  # fmt: skip
                yield str(entry["at"] or ""), self._in.staff(alert.get("staff")), _joined(how), _joined(told)

    def _until(self, deadline: str | None) -> str:
        if deadline is None:
            return ""
        return self._in.text(translated("until {until}").format(until=self._in.time(deadline)))

    def _looked(self) -> Iterator[Row]:
        for entry in self._content.access:
            action = permission_table().actions.get(str(entry.get("action")))
            what = (
                self._in.text(action.text)
                if action is not None
                else entry.get("action") or entry.get("detail")
            )
            yield (
                str(entry["at"]),
                self._who_looked(entry),
                self._in.known(ACTS, entry.get("act")),
                str(what or ""),
            )

    def _who_looked(self, entry: Json) -> str:
        """By name whom the records of the scope name, anybody else by the login."""
        if entry.get("staff") in self._content.staff:
            return self._in.staff(entry["staff"])
        return str(entry.get("login") or entry.get("account") or NOTHING)

    def _because(self, events: Iterable[str]) -> str:
        places = {record.event["id"]: record.seq for record in self._content.records}
        return ", ".join(str(places.get(id_, id_)) for id_ in events)

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
        rows = [(self._in.text(label), value) for label, value in pairs]
        self._rows(rows, (45, 135), headings=False)

    def _table(self, head: Row, rows: Sequence[Row], widths: Sequence[int]) -> None:
        if not rows:
            self._text(self._in.part("none"))
            return
        self._rows([[self._in.text(HEADS[name]) for name in head], *rows], widths, headings=True)

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
                    cells.cell(one_line(cell) or NOTHING)

    @property
    def _wrap(self) -> Any:
        """Chinese breaks between any two characters, and so do ids."""
        from fpdf.enums import WrapMode

        return WrapMode.CHAR if self._language == "zh" else WrapMode.WORD


def _new(title: str, footer: str, words: EvidenceWords) -> FPDF:
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font_size(7)
            self.cell(0, 5, f"{footer}   {words.part('page')} {self.page_no()}/{{nb}}", align="C")

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


def _joined(parts: Iterable[str]) -> str:
    return "  ".join(filter(None, parts))
