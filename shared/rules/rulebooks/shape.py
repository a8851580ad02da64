"""Which keys a rulebook may hold, as data: sections, their values, and what each value is made of.

A value is what a clause is cited for. A section with several values has a `cite` in each, or one of its own
for those of its values that have none. docs/schemas/rulebook.schema.json says the same to editors; a test
holds them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.rules.rulebooks import kinds
from shared.rules.rulebooks.kinds import Kind, word, words

BASES = ("visit", "call", "outreach")
BREACHES = ("out_of_turn", "tampering", "concealment", "complaint")


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of fields; `short`: a bare scalar stands for that one; `nullable`: may be null."""

    fields: Mapping[str, Kind | Fields]
    short: str | None = None
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Several values under a key; `own`: decisions cite the section too; `optional`: may lack values."""

    values: Mapping[str, Fields]
    own: bool = False
    optional: bool = False


RELATIONS = ("spouse", "parent_child", "other")

_APPROVALS = Fields({"approved_by": words(*kinds.ROLES, ordered=True)})
_PLAIN = Fields({})


def _effect(*allowed: str) -> Fields:
    return Fields({"effect": word(*allowed)})


def _discovery() -> Fields:
    """What happens after a deal, which can be shared as well."""
    parts = Fields({"first": kinds.share, "second": kinds.share})
    return Fields({"effect": word("first", "closer", "split"), "split": parts}, short="effect")


def _split(other: str) -> Fields:
    return Fields({"owner": kinds.share, other: kinds.share}, nullable=True)


SHAPE: Mapping[str, Fields | Section] = {
    "registration": Fields(
        {"requires": words("name", "contact", "phone", empty=True), "first": kinds.clause}
    ),
    "honour": Section(
        dict.fromkeys(BASES, Fields({"by": word("found", "named", "none"), "within": kinds.period}))
    ),
    "kept": _PLAIN,
    "designated": Fields({"honoured": kinds.flag}),
    "named": Fields({"honoured": kinds.flag}),
    "assist": Fields({"new_customers": word("on_behalf_of", "receiver")}),
    "follow_up": Fields(
        {
            "every": Fields(dict.fromkeys(BASES, kinds.days), short="visit"),
            "methods": kinds.methods,
            "must_reach": kinds.flag,
            "revive": kinds.flag,
        }
    ),
    "recognition": Fields(
        {
            "until": word("reception_end", "deal"),
            "effect": word("return", "ruling"),
            "evidence": word("optional", "required"),
        }
    ),
    "present_unrecognised": _effect("ignored", "forfeits"),
    "discovery": Section(
        {
            "before_deal": Fields({"effect": word("first", "closer")}, short="effect"),
            "after_deal": _discovery(),
            "concealed": _discovery(),
        }
    ),
    "household": Fields(
        {"effect": word("first_registration", "ruling", "separate"), "relations": words(*RELATIONS)}
    ),
    "referral": Section({"single": _effect("on_turn", "referrer_consultant"), "joint": _effect("on_turn")}),
    "deal": Section(
        {
            "unregistered": _PLAIN,
            "assisted": _split("assistant"),
            "brochure_only": _split("closer"),
            "referral_same_day": _split("closer"),
        },
        own=True,
    ),
    "complaint": _effect("bar"),
    "concealment": _effect("confiscate"),
    "disputes": Fields(
        {
            "authority": words(*kinds.ROLES, ordered=True),
            "authority_after_deal": kinds.roles_or_none,
            "approved_by": words(*kinds.ROLES, ordered=True, empty=True),
            "evidence": word("optional", "required"),
        }
    ),
    "transfers": _APPROVALS,
    "corrections": _APPROVALS,
    "departed": _effect("release"),
    "rotation": Section(
        {
            "calls": Fields({"effect": word("same", "reversed")}, short="effect"),
            "away": Fields(
                dict.fromkeys(
                    ("personal", "business", "company_task", "brief"), word("to_tail", "hold", "skip")
                )
            ),
        },
    ),
    "penalties": Section(
        dict.fromkeys(BREACHES, Fields({"zh": kinds.text, "en": kinds.text})), optional=True
    ),
}

HEAD = ("rulebook", "version", "extends", "title", "timezone")

OPTIONAL_FIELDS = frozenset(
    {f"honour.{basis}.within" for basis in BASES}
    | {f"follow_up.every.{basis}" for basis in BASES[1:]}
    | {
        f"discovery.{case}.split.{part}"
        for case in ("after_deal", "concealed")
        for part in ("first", "second")
    }
    | {"disputes.authority_after_deal"}
)


def leaves(shape: Fields) -> tuple[str, ...]:
    """The paths of all single fields below, relative to it."""
    found: list[str] = []
    for key, inner in shape.fields.items():
        found += [f"{key}.{leaf}" for leaf in leaves(inner)] if isinstance(inner, Fields) else [key]
    return tuple(found)


def all_values() -> dict[str, Fields]:
    """Every value by its path (`kept`, `honour.visit`): what a clause is cited for."""
    found: dict[str, Fields] = {}
    for key, part in SHAPE.items():
        found |= (
            {key: part} if isinstance(part, Fields) else {f"{key}.{k}": v for k, v in part.values.items()}
        )
    return found


VALUES: Mapping[str, Fields] = all_values()
CITING: tuple[str, ...] = (
    *VALUES,
    *(k for k, part in SHAPE.items() if isinstance(part, Section) and part.own),
)
