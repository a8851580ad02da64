"""How a record is named in a sentence, by the type of its event, in Chinese and in English (glossary)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.rules.domain.rulebook import Text

RECORD = Text("{at}的{kind}", "the {kind} of {at}")
OTHER = Text("记录", "record")

KINDS: Mapping[str, Text] = {
    "staff.enrolled": Text("入职登记", "enrolment"),
    "staff.departed": Text("离职登记", "departure"),
    "rulebook.adopted": Text("规则书启用", "adoption of a rulebook"),
    "shift.opened": Text("当班轮序", "opening of the shift"),
    "staff.away": Text("离开登记", "absence"),
    "staff.back": Text("返岗登记", "return"),
    "visit.registered": Text("来访登记", "visit"),
    "call.registered": Text("来电登记", "call"),
    "outreach.registered": Text("拓客登记", "outreach"),
    "followup.recorded": Text("回访记录", "follow-up"),
    "customer.recognised": Text("辨认记录", "recognition"),
    "household.linked": Text("家庭关联", "link of a household"),
    "complaint.upheld": Text("投诉成立决定", "complaint that was upheld"),
    "concealment.found": Text("隐瞒认定", "finding of a concealment"),
    "claim.transferred": Text("客户转移", "transfer"),
    "deal.subscribed": Text("认购登记", "subscription"),
    "deal.signed": Text("签约登记", "signing"),
    "deal.cancelled": Text("成交取消", "cancellation of the deal"),
    "dispute.opened": Text("争议提出", "dispute"),
    "dispute.evidence_added": Text("补充证据", "evidence that was added"),
    "dispute.ruled": Text("争议裁定", "ruling"),
    "record.corrected": Text("登记更正", "correction"),
    "record.approved": Text("登记审批", "approval of a record"),
    "survey.recorded": Text("回访问卷", "survey"),
}
