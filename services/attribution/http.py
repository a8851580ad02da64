"""Attribution over HTTP (contract.md#calls-of-attribution): every call, with the schemas of what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from services.attribution.calls.asking import Asking
from services.attribution.calls.audits import AuditCalls
from services.attribution.calls.customers import CustomerCalls
from services.attribution.calls.desk import DeskCalls
from services.attribution.calls.judgement import JudgementCalls
from services.attribution.calls.office import OfficeCalls
from services.attribution.calls.replays import ReplayCalls
from services.attribution.calls.routes import Routes
from services.attribution.calls.rulebooks import RulebookCalls
from services.attribution.calls.then import Counted, EarlierQuestions
from services.attribution.calls.then_customers import EarlierCustomers
from services.attribution.calls.then_office import EarlierLists
from services.attribution.drift.record import AuditRecord
from services.attribution.historic.judge import HistoricJudge
from services.attribution.quarantine.marks import SetAsideMarks
from services.attribution.queries.lanes import Lanes
from services.attribution.queries.preview import Previewer
from services.attribution.queries.reader import ScopeReader
from services.attribution.replays.jobs import ReplayJobs
from services.attribution.replays.runner import ReplayRunner
from services.attribution.store.texts import StoredTexts
from shared.access.limits import CallerLimit
from shared.platform.clock import BusinessClock
from shared.rules.rulebooks.registry import Registry


@dataclass(frozen=True, slots=True)
class AnsweredFrom:
    """What the calls are answered from; a contact is shared that more than `most_people` people have.

    `narrow` answers questions of an earlier time on one customer or deal, `wide` those on a scope.
    """

    reader: ScopeReader
    lanes: Lanes
    narrow: HistoricJudge
    wide: HistoricJudge
    refolds: Counted
    previewer: Previewer
    clock: BusinessClock
    texts: StoredTexts
    marks: SetAsideMarks
    most_people: int
    look_ups: CallerLimit
    audits: AuditRecord
    replays: AnsweredReplays


@dataclass(frozen=True, slots=True)
class AnsweredReplays:
    """The jobs of replays, what runs them, the rulebooks that may be named, and how often a caller may ask."""

    jobs: ReplayJobs
    runner: ReplayRunner
    rulebooks: Registry
    limit: CallerLimit


def routes_of(asked: AnsweredFrom) -> Routes:
    """The routes of the service; health, metrics and docs are those of every service."""
    routes, asking = Routes(), Asking(asked.reader, asked.lanes)
    earlier = EarlierQuestions(asking, asked.narrow, asked.wide, asked.refolds)
    lists = EarlierLists(earlier)
    JudgementCalls(asking, asked.wide, asked.clock).add_to(routes)
    CustomerCalls(asking, EarlierCustomers(earlier), asked.clock, asked.most_people).add_to(routes)
    RulebookCalls(asking, asked.texts, asked.marks).add_to(routes)
    DeskCalls(asking, lists, asked.previewer, asked.clock, asked.look_ups).add_to(routes)
    OfficeCalls(asking, lists, asked.clock).add_to(routes)
    AuditCalls(asking, asked.audits).add_to(routes)
    replays = asked.replays
    ReplayCalls(asking, replays.jobs, replays.runner, replays.rulebooks, replays.limit).add_to(routes)
    return routes
