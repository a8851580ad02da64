"""R15, satisfaction (满意度回访): what customers answered of how they were received."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

from services.registers.model.records import PostedRecord
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable, Words
from services.registers.reports.tally import Tally
from shared.contract import SurveyRecorded
from shared.contract.event_parts import SurveyAnswers
from shared.i18n import Text, translated

SurveyGrain: TypeAlias = Literal["consultant", "office", "nature"]
SURVEY_GRAINS: Final[tuple[SurveyGrain, ...]] = get_args(SurveyGrain)
SATISFIED: Final = 4
"""The score from which a customer is satisfied."""


def satisfaction(basis: ReportBasis, grain: SurveyGrain = "consultant") -> OfficeReport:
    """The surveys of the period: means and rates, and each of them."""
    title = translated("Satisfaction")
    return OfficeReport("satisfaction", title, basis.head(), (_means(basis, grain), _surveys(basis)))


def points(answers: SurveyAnswers, score: int) -> int:
    """The total of a survey, 1 to 9: whether greeted and introduced is one question of the form."""
    welcomed = min(answers.greeted, answers.introduced)
    return welcomed + answers.patient + answers.clear + answers.would_recommend + score


def _nature(basis: ReportBasis, survey: PostedRecord[SurveyRecorded]) -> Text:
    customer = survey.customer
    won = customer is not None and basis.known.standing_deals(customer, survey.occurred_at)
    return translated("with a deal") if won else translated("visitor")


def _means(basis: ReportBasis, grain: SurveyGrain) -> ReportTable:
    tally = Tally()
    for survey in basis.entries(SurveyRecorded):
        data = survey.data
        nature = _nature(basis, survey)
        named: dict[SurveyGrain, tuple[str, Words]] = {
            "consultant": (data.consultant, basis.staff_words(data.consultant)),
            "office": (survey.office, survey.office),
            "nature": (nature.beside, nature),
        }
        by, shown = named[grain]
        key = (by,)
        tally.words(key, **{grain: shown})
        _count(tally, key, survey)
    return tally.table("means", translated("Satisfaction"), _mean_columns(grain), lambda key: key)


def _count(tally: Tally, key: tuple[str, ...], survey: PostedRecord[SurveyRecorded]) -> None:
    data = survey.data
    tally.add(key, "surveys", survey.id)
    tally.add(key, "score", survey.id, Decimal(data.score))
    if data.score >= SATISFIED:
        tally.add(key, "satisfied", survey.id)
    if data.answers is not None:
        tally.add(key, "answered", survey.id)
        tally.add(key, "points", survey.id, Decimal(points(data.answers, data.score)))
        tally.add(key, "recommend", survey.id, Decimal(data.answers.would_recommend))


def _mean_columns(grain: SurveyGrain) -> tuple[ReportColumn, ...]:
    headings: dict[SurveyGrain, Text] = {
        "consultant": translated("consultant"),
        "office": translated("office"),
        "nature": translated("kind of customer"),
    }
    return (
        columns.words(grain, headings[grain], translated("by what the lines are counted")),
        ReportColumn("surveys", translated("surveys"), translated("surveys of the period")),
        ReportColumn(
            "answered", translated("with answers"), translated("of these, those with the single answers")
        ),
        ReportColumn("points", translated("points"), translated("sum of the totals, 1 to 9 each")),
        columns.average(
            "mean_points",
            translated("mean total"),
            translated("points / surveys with answers"),
            "points",
            "answered",
        ),
        ReportColumn("score", translated("scores"), translated("sum of the scores, 1 to 5 each")),
        columns.average(
            "mean_score", translated("mean score"), translated("scores / surveys"), "score", "surveys"
        ),
        ReportColumn("satisfied", translated("satisfied"), translated("surveys with a score of 4 or 5")),
        columns.rate(
            "satisfied_rate",
            translated("share satisfied"),
            translated("satisfied / surveys"),
            "satisfied",
            "surveys",
        ),
        ReportColumn("recommend", translated("would recommend"), translated("surveys that say so")),
        columns.rate(
            "recommend_rate",
            translated("share that would recommend"),
            translated("would recommend / surveys with answers"),
            "recommend",
            "answered",
        ),
    )


def _surveys(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for survey in basis.entries(SurveyRecorded):
        data, key = survey.data, (survey.id,)
        staff = basis.known.staff.get(data.consultant)
        name = basis.staff_words(data.consultant)
        tally.words(
            key,
            customer=basis.known.name_of(survey.customer, survey.name),
            nature=_nature(basis, survey),
            consultant=f"{staff.number}, {name}" if staff is not None and staff.number else name,
            total=str(points(data.answers, data.score)) if data.answers is not None else numbers.NONE,
            received=_answer(data.answers, "greeted", "introduced"),
            patient=_answer(data.answers, "patient"),
            clear=_answer(data.answers, "clear"),
            would=_answer(data.answers, "would_recommend"),
            score=str(data.score),
            suggestion=data.suggestion or "",
        )
        tally.add(key, "surveys", survey.id)
    return tally.table("surveys", translated("The surveys"), _survey_columns())


def _answer(answers: SurveyAnswers | None, *names: str) -> str:
    if answers is None:
        return numbers.NONE
    return str(min(getattr(answers, name) for name in names))


def _survey_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.customer(),
        columns.words(
            "nature", translated("kind of customer"), translated("with a standing deal at the survey, or not")
        ),
        columns.words("consultant", translated("consultant"), translated("number and name")),
        columns.words("total", translated("total"), translated("1 to 9; none without the single answers")),
        columns.words(
            "received", translated("received actively"), translated("greeted and shown around, one question")
        ),
        columns.words("patient", translated("answered patiently"), translated("1 or 0")),
        columns.words("clear", translated("explained clearly"), translated("1 or 0")),
        columns.words("would", translated("would recommend"), translated("1 or 0")),
        columns.words("score", translated("score"), translated("1 to 5")),
        columns.words(
            "suggestion", translated("suggestion"), translated("complaint or praise, in the customer's words")
        ),
        columns.each("surveys"),
    )
