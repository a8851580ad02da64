"""What the system answers, typed: the results, the answers over HTTP and the pages of lists, as structs.

The order of the fields is the order on the wire, and a field that says `UNSET` by default is left out where it says
nothing; every other field is always there, and null where it does not apply (contract.md#result, contract.md#http).
OpenAPI, the examples and whoever decodes an answer take the shapes from here.
"""

from shared.contract.answers.audits import AuditAnswer, AuditsPage, DifferenceAnswer, DifferencesPage
from shared.contract.answers.desk import (
    BoardsAnswer,
    DeskAdvice,
    DeskQuestion,
    LookupAnswer,
    OfficeTurns,
    PreviewAnswer,
)
from shared.contract.answers.history import (
    CorrectedField,
    FactDecision,
    FactOutcome,
    HistoryAnswer,
    HistoryDecision,
    HistoryEvent,
    LaterChange,
    PreviewDealDecision,
    PreviewDecision,
    SetAsideRecord,
)
from shared.contract.answers.imports import (
    ImportCounts,
    ImportedSheet,
    ImportJob,
    ImportMapping,
    ImportPreview,
    ImportProblem,
    ImportRejection,
    ImportsPage,
    KeptMapping,
    PreviewedRow,
)
from shared.contract.answers.lists import (
    DealAnswer,
    DealsPage,
    DisputesPage,
    FlagsPage,
    ListedDeal,
    ListedFlag,
    ListedOffice,
    ListedPenalty,
    ListedWarning,
    OfficesPage,
    PenaltiesPage,
    RecordSummary,
    SharedContact,
    SharedContactsPage,
    StaffMember,
    StaffPage,
    WarningsPage,
)
from shared.contract.answers.records import EventPlace, RecordedEvent, RecordWarning
from shared.contract.answers.replays import (
    ComparedClaim,
    ComparedDealDecisions,
    ComparedDecisions,
    ComparedShares,
    ReplayAsked,
    ReplayCounts,
    ReplayedConsultant,
    ReplayedCustomer,
    ReplayedDeal,
    ReplayedMovement,
    ReplayJob,
    ReplayLimits,
    ReplayProblem,
    ReplayProgress,
    ReplayResult,
    ReplaysPage,
)
from shared.contract.answers.result import (
    BoardResult,
    BothBoards,
    CustomerResult,
    DealDecision,
    DealResult,
    DisputeResult,
    FlagResult,
    JudgementResult,
    OwnershipDecision,
    PenaltyResult,
    RulebookDigest,
)
from shared.contract.answers.scopes import (
    ClaimsPage,
    CustomerAnswer,
    CustomersPage,
    ListedClaim,
    ListedCustomer,
    QuarantineAnswer,
    RulebookInForce,
    RulebooksAnswer,
    RulebookText,
    RulebookWhole,
    ScopeAnswer,
    ScopesPage,
)
from shared.contract.answers.values import BothLanguages, InstantText

__all__ = [
    "AuditAnswer", "AuditsPage", "BoardResult", "BoardsAnswer", "BothBoards", "BothLanguages", "ClaimsPage",
    "ComparedClaim",
    "ComparedDealDecisions", "ComparedDecisions", "ComparedShares", "CorrectedField", "CustomerAnswer",
    "CustomerResult", "CustomersPage", "DealAnswer", "DealDecision", "DealResult", "DealsPage", "DeskAdvice",
    "DeskQuestion", "DifferenceAnswer", "DifferencesPage", "DisputeResult", "DisputesPage", "EventPlace",
    "FactDecision", "FactOutcome", "FlagResult", "FlagsPage", "HistoryAnswer", "HistoryDecision",
    "HistoryEvent", "ImportCounts", "ImportJob", "ImportMapping", "ImportPreview", "ImportProblem", "ImportRejection",
    "ImportedSheet", "ImportsPage", "InstantText", "JudgementResult", "KeptMapping", "LaterChange",
    "ListedClaim", "ListedCustomer", "ListedDeal", "ListedFlag",
    "ListedOffice", "ListedPenalty", "ListedWarning", "LookupAnswer", "OfficeTurns",
    "OfficesPage", "OwnershipDecision", "PenaltiesPage", "PenaltyResult", "PreviewAnswer",
    "PreviewDealDecision", "PreviewDecision", "PreviewedRow", "QuarantineAnswer", "RecordSummary", "RecordWarning",
    "RecordedEvent", "ReplayAsked", "ReplayCounts", "ReplayJob", "ReplayLimits", "ReplayProblem",
    "ReplayProgress", "ReplayResult", "ReplayedConsultant", "ReplayedCustomer", "ReplayedDeal",
    "ReplayedMovement", "ReplaysPage", "RulebookDigest", "RulebookInForce", "RulebookText", "RulebookWhole",
    "RulebooksAnswer",
    "ScopeAnswer", "ScopesPage", "SetAsideRecord", "SharedContact", "SharedContactsPage", "StaffMember",
    "StaffPage", "WarningsPage",
]  # fmt: skip
