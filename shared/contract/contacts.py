"""Who a record names: phones in E.164 and WeChat ids, which alone identify a customer (procedure.md#identity-match)."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from shared.contract.errors import bad
from shared.contract.phones import is_masked, mobile_of, normalise_phone, phone_fault
from shared.contract.plain import NOTHING_SAID, plain
from shared.contract.sealed import contact_id
from shared.ids import Contact

if TYPE_CHECKING:
    from shared.contract.events import CorrectedParty, Party

WECHAT: Final = "wechat:"
EXTENSION: Final = ";ext="

_wechat_id = re.compile(r"(?=.*[a-z])[a-z0-9_.-]{2,64}").fullmatch
_wechat_typed = re.compile(r"(?:wechat|weixin|微信号?)\s*:\s*(.*)", re.DOTALL).fullmatch
_wechat_labelled = re.compile(
    r"(?P<label>(?:微信(?:号码?|账号|id)?|[薇威徽]信号?|(?<![0-9a-z])v信号?|加[我他她您]?个?[微薇v]"
    r"|(?<![0-9a-z])(?:wechat|weixin|[wv]x)(?:id|号)?(?=\s{0,3}[:：=是]|\s{1,3}[a-z]+[0-9_-])|(?<![0-9a-z])v(?=\s{0,3}[:：]))"
    r"\s{0,3}[:：=是]?\s{0,3})"
    r"(?P<id>[a-z][a-z0-9_-]{5,63})",
    re.IGNORECASE | re.ASCII,
).sub
_phone_like = re.compile(
    r"""(?P<kept>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b    # an id
        |\b(?=\d*[a-f])[0-9a-f]{16,}\b                                                # a digest
        |(?<!\d)20\d\d-[01]\d-[0-3]\d(?:[T ][\d:.,]+(?:Z|[+-]\d\d:\d\d)?)?(?!\d)       # a time
        |(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\d.])                       # an address
        |(?i:code|errcode|错误码|返回码)["']?\s?[:=：]?\s?["']?(?!1[3-9]\d{9})\d{5,11}(?!\d)  # a code, named so
       )
       |(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)                                            # a mobile, in anything
       |(?<!\d)1[3-9]\d(?:[ \-./·、_]{0,2}\d){8}(?![\d.])                                # one in pieces
       |(?<![0-9A-Za-z])(?:\+\s?)?\(?\d(?:[ \-().]{0,2}\d){6,17}(?![0-9A-Za-z])       # as people write others
    """,
    re.VERBOSE,
)
_seven_digits = re.compile(r"(?:\D*+\d){7}").match
"""As many as the shortest that `_phone_like` masks."""


def wechat_contact(wechat: str) -> Contact | None:
    """A WeChat id as a contact: `wechat:<id>`, or the phone that it is; None where there is none."""
    return _read_wechat(plain(wechat))[0]


def wechat_fault(wechat: str) -> str | None:
    """The rule that a WeChat id breaks; None for an id, a phone, a masked one, and words that say nothing."""
    return _read_wechat(plain(wechat))[1]


def _read_wechat(typed: str) -> tuple[Contact | None, str | None]:
    """The contact, or the rule that was broken, or neither where nothing is said or something is hidden."""
    if typed in NOTHING_SAID or is_masked(typed):
        return None, None
    mobile = mobile_of(typed)
    if mobile is not None:
        return mobile, None
    return (Contact(WECHAT + typed), None) if _wechat_id(typed) else (None, "wechat")


def contact_of(text: str, path: str = "contact") -> Contact:
    """The contact that someone at the desk typed: a phone, or a WeChat id; `BadEvent` at `path` for neither.

    `wechat:` or 微信： may stand before an id, and need not: what holds a letter of the alphabet is no number.
    """
    typed = plain(text)
    named = _wechat_typed(typed)
    asked = named[1] if named is not None else typed
    if asked in NOTHING_SAID:
        raise bad(path, "blank_contact")
    if is_masked(asked):
        raise bad(path, "masked")
    found, fault = _read_wechat(asked)
    if named is None:
        phone = normalise_phone(asked)
        if phone is not None:
            return phone
        fault = phone_fault(asked) if not re.search("[a-z]", asked) else fault
    if found is None:
        raise bad(path, fault or "phone")
    return found


def contact_by_wechat(party: "Party | CorrectedParty") -> Contact | None:
    """The contact that the WeChat id of a party is."""
    given = party.wechat
    return None if given is None else contact_id(given) or wechat_contact(given)


def contacts_of(
    party: "Party | CorrectedParty", stored: Mapping[str, Contact] | None = None
) -> tuple[Contact, ...]:
    """The contacts by which a party is known, phones first, as ordered, without masked ones or doubles.

    `stored` holds what phones were read as when the event was recorded; it goes before what is read now, so
    that a newer release of the library cannot make another customer of an old record.
    """
    phones = party.phones or ()
    if stored is None and party.wechat is None and len(phones) == 1:
        only = contact_id(phones[0]) or normalise_phone(phones[0])
        return () if only is None else (only,)
    known = stored or {}
    found: dict[Contact, None] = {}
    for phone in phones:
        contact = contact_id(phone) or (
            None if is_masked(phone) else known.get(phone) or normalise_phone(phone)
        )
        if contact is not None:
            found[contact] = None
    wechat = contact_by_wechat(party)
    if wechat is not None:
        found[wechat] = None
    return tuple(found)


def _masked(digits: str) -> str:
    """138****0001 of a mobile number; of any other the last digits, as many as still hide it."""
    national = digits.removeprefix("+86").removeprefix("0086")
    head, tail = (3, 4) if len(national) >= 11 else (2, 2)
    return national[:head] + "****" + national[-tail:]


def mask_contact(contact: str) -> str:
    """A contact as it may be shown to someone who need not know it: `138****0001`, `wechat:zh****`."""
    if contact.startswith(WECHAT):
        return WECHAT + contact[len(WECHAT) :][:2] + "****"
    number, mark, _ = contact.partition(EXTENSION)
    return _masked(number) + (mark and f"{mark}****")


def mask(text: str) -> str:
    """The text with everything that looks like a phone number masked: for logs and pages.

    What has fewer digits than any number is not searched: most texts of a line of the log, which took half of its time.
    """
    return _phone_like.sub(_mask_found, text) if _seven_digits(text) else text


def mask_wechat(text: str) -> str:
    """The text with each WeChat id masked that is called one in it."""
    return _wechat_labelled(lambda found: f"{found['label']}{found['id'][:2]}****", text)


def _mask_found(found: re.Match[str]) -> str:
    return found["kept"] or _masked(re.sub(r"[^\d+]", "", found.group()))
