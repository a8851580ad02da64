"""What is shown of a person to somebody who need not know them: contacts and names masked, wherever they stand.

Which texts of an event are contacts its type says (privacy.md#personal), so that a new field is masked as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from shared.contract.contacts import WECHAT, mask, mask_contact, mask_wechat, wechat_contact
from shared.contract.personal import personal_texts
from shared.contract.phones import is_masked, normalise_phone

_DIGITS: Final = str.maketrans("０１２３４５６７８９＋", "0123456789+")
_dashes_between = re.compile(r"(?<=\d)[‐‑‒–—―−－]{1,2}(?=\d)").sub
_in_words_alone = re.compile(
    r"""(?P<kept>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b(?=\d*[a-f])[0-9a-f]{16,}\b)
       |(?<!\d)1[3-9]\d[,，、]\s?\d{4}[,，、]\s?\d{4}(?!\d)   # a mobile with commas
       |(?<!\d)0[1-9]\d{1,2}[ -]?[2-9]\d{6,7}(?!\d)           # a landline that touches letters
    """,
    re.VERBOSE,
).sub
_NUMERALS: Final = "〇零○一壹幺二贰三叁四肆五伍六陆七柒八捌九玖"
_VALUES: Final = str.maketrans(_NUMERALS, "0001112233445566778899")
_in_numerals = re.compile(
    rf"(?<![0-9{_NUMERALS}])[1一壹幺](?:[ \-·.、，,]{{0,2}}[0-9{_NUMERALS}]){{10}}(?![0-9{_NUMERALS}])"
).sub
_between = re.compile(r"[\s\-—_.,，、()（）]+").sub
_steps = re.compile(r"[^.\[\]]+|\[\]").findall


def masked_data(event_type: str, data: dict[str, Any], known: Collection[str] = ()) -> dict[str, Any]:
    """The data of an event with its contacts masked, also those within words; names and words stay.

    `known` are WeChat ids of whom it is about, which words may hold although the event names them nowhere else.
    """
    shown: dict[str, Any] = _copied(data)
    ids = frozenset((*wechat_ids(event_type, data), *known))
    for path, kind in personal_texts(event_type).items():
        if kind != "name":
            _mask_at(shown, _steps(path)[1:], kind, ids)
    return shown


def wechat_ids(event_type: str, data: dict[str, Any]) -> Iterator[str]:
    """The WeChat ids that an event names, as they were typed."""
    for path, kind in personal_texts(event_type).items():
        if kind == "wechat":
            yield from _wechat_ids(data, _steps(path)[1:])


def known_ids(contacts: Iterable[str]) -> Iterator[str]:
    """The WeChat ids among contacts as they are stored."""
    return (contact.removeprefix(WECHAT) for contact in contacts if contact.startswith(WECHAT))


def mask_words(text: str, ids: Collection[str] = ()) -> str:
    """Words without phones and without WeChat ids that are called so in them or are among `ids`.

    Also phones that `mask` leaves, as in a log they might be ids: in full-width digits, in Chinese numerals, with a
    comma or a dash of any kind between, and landlines that touch letters.
    """
    told = _dashes_between("-", _without_wechat(text, ids).translate(_DIGITS))
    told = _in_numerals(_mask_numerals, told)
    return mask(_in_words_alone(_mask_found, told))


def _mask_numerals(found: re.Match[str]) -> str:
    """A mobile of which some digits are written as words: 一三八 0000 零零零一."""
    digits = re.sub(r"\D", "", found[0].translate(_VALUES))
    written = found[0].translate(_VALUES) != found[0]
    return mask_contact(digits) if written and digits[1] in "3456789" else found[0]


def _mask_found(found: re.Match[str]) -> str:
    return found["kept"] or mask_contact(re.sub(r"\D", "", found[0]))


def names_somebody_of(words: str, event_type: str, data: dict[str, Any]) -> bool:
    """Whether words hold a name or a contact that the event names: in them, whatever stands between its characters."""
    said = _squeezed(words)
    for path, kind in personal_texts(event_type).items():
        if kind in ("name", "phone", "wechat", "address"):
            for text in _texts_at(data, _steps(path)[1:]):
                if len(one := _squeezed(text)) > 1 and one.removeprefix("+86") in said:
                    return True
    return False


def mask_typed(kind: str, text: str, ids: Collection[str] = ()) -> str:
    """A personal text of an event, as it was typed, without the contact that it is or holds.

    In words a WeChat id is known by what stands before it, or as one of `ids`, which stand elsewhere in the event.
    """
    find = _CONTACTS.get(kind)
    found = None if find is None or is_masked(text) else find(text)
    if found is not None:
        return mask_contact(found)
    return _cut(text) if kind == "address" else mask_words(text, ids)


def _without_wechat(text: str, ids: Collection[str]) -> str:
    text = mask_wechat(text)
    for id_ in ids:
        whole = rf"(?<![0-9A-Za-z_]){re.escape(id_)}(?![0-9A-Za-z_])"
        text = re.sub(whole, lambda found: _cut(found[0]), text, flags=re.IGNORECASE | re.ASCII)
    return text


def _wechat_ids(node: Any, steps: Sequence[str]) -> Iterator[str]:
    """The WeChat ids at a path, as they were typed."""
    if not steps:
        text = node.strip()
        if not is_masked(text) and (wechat_contact(text) or "").startswith(WECHAT):
            yield text
    elif steps[0] == "[]":
        for each in node:
            yield from _wechat_ids(each, steps[1:])
    elif isinstance(node, dict) and node.get(steps[0]):
        yield from _wechat_ids(node[steps[0]], steps[1:])


def _texts_at(node: Any, steps: Sequence[str]) -> Iterator[str]:
    """The texts at a path."""
    if not steps:
        yield node
    elif steps[0] == "[]":
        for each in node:
            yield from _texts_at(each, steps[1:])
    elif isinstance(node, dict) and node.get(steps[0]):
        yield from _texts_at(node[steps[0]], steps[1:])


def _squeezed(text: str) -> str:
    return _between("", unicodedata.normalize("NFKC", text)).lower()


def mask_name(name: str) -> str:
    """`张*` of 张伟: enough to tell whether it is the right person."""
    return name[:1] + "*" * min(max(len(name) - 1, 1), 2)


def _copied(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node


def _mask_at(node: Any, steps: Sequence[str], kind: str, ids: Collection[str]) -> None:
    """Mask what stands at a path; `[]` is each item of a list."""
    step, *rest = steps
    if step == "[]":
        keys: Sequence[Any] = range(len(node))
    else:
        keys = [step] if isinstance(node, dict) and node.get(step) else []
    for key in keys:
        if rest:
            _mask_at(node[key], rest, kind, ids)
        else:
            node[key] = mask_typed(kind, node[key], ids)


def _cut(text: str) -> str:
    """The first two letters of an address that is no phone."""
    return f"{text[:2]}****" if text else text


_CONTACTS: Final[dict[str, Callable[[str], str | None]]] = {
    "phone": normalise_phone,
    "wechat": wechat_contact,
    "address": normalise_phone,
}
