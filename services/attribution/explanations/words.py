"""How decisions are told, in Chinese and English: templates by kind of decision and by what made it.

Under each kind, the key names the values of the rulebook that may stand behind the cited clause; two joined
by `|` are two values that share a clause, so that the decision does not tell which of them it was. `*` is for
the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.rules.domain.rulebook import Text

OWNERSHIP: Mapping[str, Mapping[str, Text]] = {
    "established": {
        "registration.first": Text(
            "{at}，{owner}接待并登记，该客户归{owner}",
            "On {at} {owner} received and registered the customer, and owns it",
        ),
        "designated": Text(
            "{at}，客户进门点名，归{owner}", "On {at} the customer asked for {owner} at the door, who owns it"
        ),
        "named": Text(
            "{at}，客户被问及时说出{owner}，归{owner}",
            "On {at} the customer, when asked, named {owner}, who owns it",
        ),
        "assist": Text(
            "{at}的接待属义务接待，该客户归{owner}",
            "On {at} the customer was received as an assistance, and is {owner}'s",
        ),
        "assist|designated": Text(
            "{at}，客户点名或由同事义务接待，归{owner}",
            "On {at} the customer asked for the consultant or was received by a helper, and is {owner}'s",
        ),
        "referral.single": Text(
            "{at}，客户经介绍而来，归介绍人的顾问{owner}",
            "On {at} the customer came by referral and belongs to the referrer's consultant, {owner}",
        ),
        "referral.joint": Text(
            "{at}，客户由几位顾问的客户共同介绍，按轮序归接待人{owner}",
            "On {at} customers of several consultants brought this one, who is in turn {owner}'s",
        ),
        "honour.call": Text(
            "{at}，{owner}接听并登记来电，该客户归{owner}",
            "On {at} {owner} answered and registered the call, and owns the customer",
        ),
        "honour.outreach": Text(
            "{at}，{owner}登记拓客，该客户归{owner}",
            "On {at} {owner} registered an outreach, and owns the customer",
        ),
        "honour.call|honour.outreach": Text(
            "{at}，{owner}登记来电或拓客，该客户归{owner}",
            "On {at} {owner} registered a call or an outreach, and owns the customer",
        ),
        "honour.call|honour.outreach|named": Text(
            "{at}，{owner}登记来电或拓客，或客户来访被问及时说出{owner}，该客户归{owner}",
            "On {at} {owner} registered a call or an outreach, or was named by the visitor, and owns the customer",
        ),
        "designated|named": Text(
            "{at}，客户点名或被问及时说出{owner}，归{owner}",
            "On {at} the customer asked for {owner} or named {owner} when asked, who owns it",
        ),
        "follow_up": Text(
            "{at}，原归属逾期失效后重新登记，该客户归{owner}",
            "On {at}, after the earlier claim had lapsed, the customer was registered anew and is {owner}'s",
        ),
        "*": Text("{at}，该客户归{owner}", "On {at} the customer became {owner}'s"),
    },
    "renewed": {
        "follow_up": Text(
            "{at}，{owner}有效联系客户，有效期重新起算",
            "On {at} {owner} was in contact with the customer, and the validity runs anew",
        ),
        "*": Text(
            "{at}，{owner}再次联系客户，归属不变",
            "On {at} {owner} was in contact again, and keeps the customer",
        ),
    },
    "kept": {
        "kept": Text(
            "{at}，客户由他人接待，仍归{owner}，接待人属协助",
            "On {at} another received the customer, who stays {owner}'s; the receiver assisted",
        ),
        "follow_up": Text(
            "{at}，归属虽已逾期，但认出原顾问，仍归{owner}",
            "On {at} the claim had lapsed but the owner was recognised, so the customer stays {owner}'s",
        ),
        "discovery": Text(
            "{at}，成交后才发现两次登记实为同一客户，仍归{owner}",
            "On {at}, after a deal, two registrations proved to be one customer, who stays {owner}'s",
        ),
        "*": Text("{at}，该客户仍归{owner}", "On {at} the customer stayed {owner}'s"),
    },
    "superseded": {
        "follow_up": Text(
            "{at}，{previous}的归属已逾期且未被认出，该客户归{owner}",
            "On {at} {previous}'s claim had lapsed unrecognised, and the customer is now {owner}'s",
        ),
        "honour": Text(
            "{at}，客户来访时未能确认{previous}的原登记，该客户归{owner}",
            "On {at} {previous}'s earlier claim was not honoured, and the customer is now {owner}'s",
        ),
        "present_unrecognised": Text(
            "{at}，{previous}在场而未认出客户，该客户归{owner}",
            "On {at} {previous} was present and did not recognise the customer, who is now {owner}'s",
        ),
        "*": Text(
            "{at}，该客户由{previous}改归{owner}", "On {at} the customer passed from {previous} to {owner}"
        ),
    },
    "returned": {
        "discovery": Text(
            "{at}，发现两次登记实为同一客户，归还先登记的{owner}",
            "On {at} two registrations proved to be one customer, who goes back to {owner}, the first",
        ),
        "household": Text(
            "{at}，两次登记实为一家人，归还先登记的{owner}",
            "On {at} two registrations proved to be one household, which goes back to {owner}, the first",
        ),
        "recognition": Text(
            "{at}，{owner}认出自己的客户，客户归还{owner}",
            "On {at} {owner} recognised the customer, who goes back to {owner}",
        ),
        "discovery|recognition": Text(
            "{at}，经认出或发现，两次登记实为同一客户，归还先登记的{owner}",
            "On {at} the customer was found to be {owner}'s from before, and goes back to {owner}",
        ),
        "corrections": Text(
            "{at}，登记经批准更改后，该客户归{owner}",
            "On {at}, after an approved correction, the customer is {owner}'s",
        ),
        "*": Text("{at}，客户归还{owner}", "On {at} the customer went back to {owner}"),
    },
    "lapsed": {
        "*": Text(
            "{at}，{previous}逾期未回访，归属失效，客户进入公海",
            "On {at} {previous}'s claim lapsed without contact in time, and the customer is open to all",
        )
    },
    "revoked": {
        "*": Text(
            "{at}，对{previous}的投诉成立，其归属撤销，今后不得再归属",
            "On {at} a complaint against {previous} was upheld; the claim is revoked for good",
        )
    },
    "released": {
        "departed": Text(
            "{at}，{previous}离职，该客户释放", "On {at} {previous} left, and the customer was released"
        ),
        "*": Text(
            "{at}，{previous}的归属解除", "On {at} {previous}'s claim ended, and nobody owns the customer"
        ),
    },
    "transferred": {
        "*": Text(
            "{at}，经批准，该客户转给{owner}",
            "On {at} the customer was transferred to {owner}, with approval",
        )
    },
    "ruled": {
        "*": Text("{at}，裁定该客户归{owner}", "On {at} it was ruled that the customer is {owner}'s"),
    },
    "disputed": {
        "disputes": Text(
            "{at}，有人对归属提出异议，待裁定", "On {at} the customer was disputed; a ruling is awaited"
        ),
        "deal.unregistered": Text(
            "{at}，无人登记的客户成交，待裁定",
            "On {at} a customer whom nobody registered bought; a ruling is awaited",
        ),
        "deal": Text(
            "{at}，成交人从未接待该客户，待裁定",
            "On {at} the deal was closed by someone who had never received the customer; a ruling is awaited",
        ),
        "deal|deal.unregistered": Text(
            "{at}，客户无人登记或成交人从未接待，待裁定",
            "On {at} the closer had never received the customer, or nobody had; a ruling is awaited",
        ),
        "recognition": Text(
            "{at}，原顾问认出客户并举证，待裁定",
            "On {at} a consultant recognised the customer and gave evidence; a ruling is awaited",
        ),
        "household": Text(
            "{at}，一家人分属不同顾问，待裁定",
            "On {at} one household proved to have different owners; a ruling is awaited",
        ),
        "concealment": Text(
            "{at}，隐瞒归属的业绩无人可得，待裁定",
            "On {at} shares forfeited for concealment had nobody to go to; a ruling is awaited",
        ),
        "complaint": Text(
            "{at}，成交人因投诉不得分佣，待裁定",
            "On {at} the closer was barred after a complaint; a ruling is awaited",
        ),
        "*": Text(
            "{at}，归属存在争议，待裁定", "On {at} the customer came into dispute; a ruling is awaited"
        ),
    },
}

DEAL: Mapping[str, Mapping[str, Text]] = {
    "final": {
        "deal.assisted": Text(
            "{at}，由协助接待的人成交，业绩分成：{shares}",
            "On {at} one who had assisted closed the deal, which is shared: {shares}",
        ),
        "deal.brochure_only": Text(
            "{at}，首次只拿资料、由后续接待人成交，业绩分成：{shares}",
            "On {at} a later receiver closed after a first visit for a brochure only; shared: {shares}",
        ),
        "deal.referral_same_day": Text(
            "{at}，介绍来的客户当日由代接人成交，业绩分成：{shares}",
            "On {at} the helper closed with a referred customer on the same day; shared: {shares}",
        ),
        "concealment|deal.referral_same_day": Text(
            "{at}，业绩分成：{shares}", "On {at} the deal was shared: {shares}"
        ),
        "deal.assisted|discovery": Text(
            "{at}，由后续接待人成交或成交后才查明，业绩分成：{shares}",
            "On {at} a later receiver had closed, as helper or before the first was found; shared: {shares}",
        ),
        "disputes": Text("{at}，裁定业绩：{shares}", "On {at} the shares were ruled: {shares}"),
        "concealment": Text(
            "{at}，隐瞒归属者的业绩没收，改为：{shares}",
            "On {at} the consultant who hid the owner forfeited the shares; now: {shares}",
        ),
        "discovery": Text(
            "{at}，成交后发现两次登记实为同一客户，业绩改为：{shares}",
            "On {at} two registrations proved to be one customer; the shares are now: {shares}",
        ),
        "household": Text(
            "{at}，成交后发现是一家人，业绩改归先登记人：{shares}",
            "On {at} two registrations proved to be one household; the shares are now: {shares}",
        ),
        "*": Text("{at}，成交业绩：{shares}", "On {at} the deal's shares were fixed: {shares}"),
    },
    "pending_ruling": {
        "deal.unregistered": Text(
            "{at}成交，客户无人登记，业绩暂列{shares}，待裁定",
            "On {at} a customer whom nobody registered bought; until the ruling: {shares}",
        ),
        "deal": Text(
            "{at}成交，成交人从未接待该客户，业绩暂列{shares}，待裁定",
            "On {at} the closer had never received the customer; until the ruling: {shares}",
        ),
        "*": Text("{at}，业绩暂列{shares}，待裁定", "On {at} the deal awaits a ruling; until then: {shares}"),
    },
    "cancelled": {
        "*": Text("{at}，成交取消，不计业绩", "On {at} the deal was cancelled, and nobody has a share"),
    },
}

BASIS = Text("依据{clause}：{sentence}", "This rests on {clause}: {sentence}")
BASIS_UNKNOWN = Text("依据{clause}。", "This rests on {clause}.")
RECORDS = Text("所据记录：{records}。", "Records: {records}.")
NOBODY = Text("无人", "nobody")

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
