"""What each value of a rulebook does, in Chinese and English: data for `panke rulebook explain`.

A key is the path of a field. A saying is chosen by the value; `...` is for any other value, whose words
fill `{}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType

from shared.rules.domain.rulebook import Text

Sayings = Mapping[object | EllipsisType, Text]

WORDS: Mapping[str, Text] = {
    "name": Text("姓名", "name"),
    "contact": Text("联系方式", "contact"),
    "consultant": Text("置业顾问", "consultant"),
    "supervisor": Text("主管", "supervisor"),
    "manager": Text("经理", "manager"),
    "director": Text("总监", "director"),
    "back_office": Text("内业", "back office"),
    "admin_manager": Text("行政经理", "administration manager"),
    "general_manager": Text("总经理", "general manager"),
    "reception": Text("前台", "reception"),
    "auditor": Text("审计", "auditor"),
    "door_visit": Text("上门拜访", "door visit"),
    "invitation": Text("邀约来访", "invitation"),
    "phone": Text("电话", "phone"),
    "web_chat": Text("网络对话", "web chat"),
    "sms": Text("短信", "text message"),
    "other": Text("其他方式", "other ways"),
    "to_tail": Text("回来排末位", "goes to the tail"),
    "hold": Text("保留位次", "keeps the place"),
    "skip": Text("轮空", "loses the turn"),
}

RELATIONS: Mapping[str, Text] = {
    "spouse": Text("夫妻", "husband and wife"),
    "parent_child": Text("父母子女", "parent and child"),
    "other": Text("其他", "any other link"),
}
WORDS_OF: Mapping[str, Mapping[str, Text]] = {"household.relations": RELATIONS}
"""Words of a field that mean something else elsewhere, in the order in which they are told."""

_HONOURED: Sayings = {
    "found": Text("原登记查得到即承认", "honoured whenever the records show it"),
    "named": Text("客户说出顾问姓名才承认", "honoured only if the customer names the consultant"),
    "none": Text("只作记录，不产生归属", "only a record; it gives no claim"),
}
_WITHIN: Sayings = {
    None: Text("不限时间", "without limit of time"),
    ...: Text("自登记起{}内有效", "for {} from the registration"),
}
_DAYS: Sayings = {
    None: Text("不因未回访失效", "claims never lapse"),
    ...: Text(
        "最后一次有效联系后{}天内有效，逾期失效", "valid for {} days after the last contact, then it lapses"
    ),
}
_DISCOVERED: Sayings = {
    "first": Text("归还先登记人", "goes back to the first registrant"),
    "closer": Text("归后登记并成交的人", "stays with who closed"),
    "split": Text("业绩由两人分成", "the shares are divided between the two"),
}
_EVIDENCE: Sayings = {
    "optional": Text("不强制举证", "evidence is optional"),
    "required": Text("必须举证", "evidence is required"),
}
_APPROVED: Sayings = {...: Text("须经{}批准", "needs the approval of: {}")}

FIELDS: Mapping[str, Sayings] = {
    "registration.requires": {
        frozenset(): Text("登记不要求姓名和联系方式", "a registration needs neither name nor contact"),
        ...: Text("完整登记须有：{}", "a complete registration has: {}"),
    },
    "honour.visit.by": _HONOURED,
    "honour.call.by": _HONOURED,
    "honour.outreach.by": _HONOURED,
    "honour.visit.within": _WITHIN,
    "honour.call.within": _WITHIN,
    "honour.outreach.within": _WITHIN,
    "designated.honoured": {
        True: Text("新客户点名的归被点名的顾问", "a new customer belongs to the consultant asked for"),
        False: Text("点名不算，归接待人", "asking for a consultant does not count"),
    },
    "named.honoured": {
        True: Text(
            "新客户被问及时说出的一位顾问，视同点名",
            "the one consultant whom a new customer names when asked is as one asked for",
        ),
        False: Text("只是说出顾问姓名的不算", "naming a consultant when asked does not count"),
    },
    "assist.new_customers": {
        "on_behalf_of": Text("新客户归被代的顾问", "a new customer is the colleague's"),
        "receiver": Text(
            "没有任何记录的新客户不得代接，按轮序归接待人",
            "nobody receives a customer without any record for another; who receives owns, in turn",
        ),
    },
    "follow_up.every.visit": _DAYS,
    "follow_up.every.call": {
        None: Text("来电登记不失效", "claims by call never lapse"),
        ...: Text("来电登记为{}天", "{} days for a claim by call"),
    },
    "follow_up.every.outreach": {
        None: Text("拓客登记不失效", "claims by outreach never lapse"),
        ...: Text("拓客登记为{}天", "{} days for a claim by outreach"),
    },
    "follow_up.methods": {
        None: Text("各种联系方式都算", "every way of contact counts"),
        ...: Text("只算：{}", "only these count: {}"),
    },
    "follow_up.must_reach": {
        True: Text("必须联系到客户", "the customer must be reached"),
        False: Text("不要求联系到客户", "the customer need not be reached"),
    },
    "follow_up.revive": {
        True: Text("逾期后无人登记的，补联系可恢复", "a late contact revives a claim that nobody took"),
        False: Text("逾期后补联系不恢复", "a late contact does not revive"),
    },
    "recognition.until": {
        "reception_end": Text("接待结束前认出有效", "in time until the reception ends"),
        "deal": Text("成交前认出有效", "in time until a deal"),
    },
    "recognition.effect": {
        "return": Text("客户归还", "the customer goes back"),
        "ruling": Text("提请裁定", "a ruling is asked for"),
    },
    "recognition.evidence": _EVIDENCE,
    "present_unrecognised.effect": {
        "ignored": Text("在场未认出不影响归属", "not recognising one's customer changes nothing"),
        "forfeits": Text(
            "无有效跟进且在场未认出的，失去客户和分佣", "the owner loses the customer and the shares"
        ),
    },
    "discovery.before_deal.effect": _DISCOVERED,
    "discovery.after_deal.effect": _DISCOVERED,
    "discovery.after_deal.split.first": {...: Text("先登记人{}", "{} for the first")},
    "discovery.after_deal.split.second": {...: Text("后登记人{}", "{} for the second")},
    "discovery.concealed.effect": _DISCOVERED,
    "discovery.concealed.split.first": {...: Text("先登记人{}", "{} for the first")},
    "discovery.concealed.split.second": {...: Text("后登记人{}", "{} for the second")},
    "household.effect": {
        "first_registration": Text(
            "一家人视为同一客户，以第一登记为主", "one customer, the first registration counts"
        ),
        "ruling": Text("分属不同顾问的，提请裁定", "if they have different owners, a ruling is asked for"),
        "separate": Text("各算各的客户", "they stay separate customers"),
    },
    "household.relations": {
        frozenset(RELATIONS): Text("不论何种关系", "whatever the link"),
        ...: Text("限于：{}；其他关系只作记录", "among: {}; any other link is only recorded"),
    },
    "referral.single.effect": {
        "on_turn": Text("按轮序归接待人", "belongs, in turn, to who receives"),
        "referrer_consultant": Text("归介绍人的顾问", "belongs to the referrer's consultant"),
    },
    "referral.joint.effect": {"on_turn": Text("按轮序归接待人", "belongs, in turn, to who receives")},
    "deal.assisted.owner": {None: Text("不分成", "no split"), ...: Text("归属人{}", "{} for the owner")},
    "deal.assisted.assistant": {
        None: Text("", ""),
        ...: Text("协助成交人{}", "{} for who assisted and closed"),
    },
    "deal.brochure_only.owner": {None: Text("不分成", "no split"), ...: Text("归属人{}", "{} for the owner")},
    "deal.brochure_only.closer": {None: Text("", ""), ...: Text("成交人{}", "{} for the closer")},
    "deal.referral_same_day.owner": {
        None: Text("不分成", "no split"),
        ...: Text("归属人{}", "{} for the owner"),
    },
    "deal.referral_same_day.closer": {None: Text("", ""), ...: Text("成交人{}", "{} for the closer")},
    "complaint.effect": {
        "bar": Text(
            "失去该客户，今后不得再归属、不参与分佣", "loses this customer for good, and later shares"
        )
    },
    "concealment.effect": {
        "confiscate": Text("该客户的业绩全部没收，归应得之人", "forfeits every share in the customer's deals")
    },
    "disputes.authority": {...: Text("有权裁定（由低到高）：{}", "may rule, lowest first: {}")},
    "disputes.authority_after_deal": {
        None: Text("成交后不变", "the same after a deal"),
        ...: Text("成交后业绩分配由{}定夺", "on the shares of a deal only: {}"),
    },
    "disputes.approved_by": {
        (): Text("裁定不须另行批准", "a ruling needs no further approval"),
        ...: Text("裁定须经{}批准", "a ruling needs the approval of: {}"),
    },
    "disputes.evidence": _EVIDENCE,
    "transfers.approved_by": _APPROVED,
    "corrections.approved_by": _APPROVED,
    "departed.effect": {"release": Text("其客户释放", "the consultant's customers are released")},
    "rotation.calls.effect": {
        "same": Text("来电顺序与来访相同", "calls in the order of visits"),
        "reversed": Text("来电顺序与来访相反", "calls in the reverse order of visits"),
    },
    "rotation.away.personal": {...: Text("因私：{}", "private: {}")},
    "rotation.away.business": {...: Text("因公：{}", "business: {}")},
    "rotation.away.company_task": {...: Text("公司任务：{}", "company task: {}")},
    "rotation.away.brief": {...: Text("短时离开：{}", "brief: {}")},
    "penalties.*": {...: Text("{}", "{}")},
}

VALUES: Mapping[str, Text] = {
    "registration": Text("登记", "Registration"),
    "registration.first": Text("首次来访登记：归接待人", "A first registration by visit: who receives owns"),
    "honour.visit": Text("来访登记遇他人接待", "A claim by visit, when another receives"),
    "honour.call": Text("来电登记遇他人接待", "A claim by call, when another receives"),
    "honour.outreach": Text("拓客登记遇他人接待", "A claim by outreach, when another receives"),
    "kept": Text("他人接待而归属不变时的依据", "What a customer kept by its owner rests on"),
    "designated": Text("指定接待", "Asking for a consultant at the door"),
    "named": Text("被问及时说出顾问", "Naming a consultant when asked"),
    "assist": Text("代人接待", "Receiving for a colleague"),
    "follow_up": Text("回访与有效期", "Follow-up and validity"),
    "recognition": Text("事后认出", "Recognition after the registration"),
    "present_unrecognised": Text("在场未认出", "Present, and did not recognise"),
    "discovery.before_deal": Text("成交前发现撞单", "Found before a deal to be one customer"),
    "discovery.after_deal": Text("成交后发现撞单", "Found after a deal"),
    "discovery.concealed": Text(
        "客户否认来过、成交后发现", "Found after a deal, the customer having denied a visit"
    ),
    "household": Text("一家人", "A household"),
    "referral.single": Text("一位顾问的客户介绍来的", "Referred by customers of one consultant"),
    "referral.joint": Text("几位顾问的客户共同介绍来的", "Referred by customers of several"),
    "deal": Text("成交人从未接待：待裁定", "A closer who never received the customer: a ruling is awaited"),
    "deal.unregistered": Text("无人登记的成交：待裁定", "A deal that nobody registered: a ruling is awaited"),
    "deal.assisted": Text("协助人成交", "A deal closed by who had assisted"),
    "deal.brochure_only": Text("首次只拿资料、他人成交", "The owner gave a brochure only, another closed"),
    "deal.referral_same_day": Text(
        "介绍客户当日由代接人成交", "A referred customer closed the same day by the helper"
    ),
    "complaint": Text("投诉成立", "A complaint upheld"),
    "concealment": Text("隐瞒客户归属", "Hiding whose customer it is"),
    "disputes": Text("异议裁定", "Disputes"),
    "transfers": Text("客户转移", "Transfers"),
    "corrections": Text("更改登记", "Corrections of records"),
    "departed": Text("顾问离职", "A consultant leaves"),
    "rotation.calls": Text("来电顺序", "The order of calls"),
    "rotation.away": Text("离开时的位次", "The turn of who is away"),
    "penalties.out_of_turn": Text("不按轮序的罚则", "Penalty: out of turn"),
    "penalties.tampering": Text("私自更改的罚则", "Penalty: tampering"),
    "penalties.concealment": Text("隐瞒的罚则", "Penalty: concealment"),
    "penalties.complaint": Text("投诉的罚则", "Penalty: a complaint upheld"),
}
