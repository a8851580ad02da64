"""Facts of the generator as intake leaves them where a journal is under seal: people in memory instead of a vault."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from bench.generator import Made
from shared.contract import canonical, content_digest, decode_event
from shared.contract.wire import stamp_canonical
from shared.sealing.person import KEY_BYTES, PersonKey, new_id
from shared.sealing.sealing import Draft


def under_seal(facts: Iterable[Made]) -> list[Made]:
    """Each fact with its personal texts sealed; one contact of a scope is one person."""
    people: dict[tuple[str, str], PersonKey] = {}
    return [_sealed(made, people) for made in facts]


def _sealed(made: Made, people: dict[tuple[str, str], PersonKey]) -> Made:
    event = decode_event(made.body, recorded=True)
    if event.recorded_at is None:
        raise ValueError("a fact of the generator is recorded")
    draft = Draft(canonical(made.body), event.type)
    if not draft.is_personal:
        return made
    for contact in draft.contacts():
        if (made.scope, contact) not in people:
            key = PersonKey(new_id(contact), os.urandom(KEY_BYTES), contact)
            people[made.scope, contact] = key
    named = {contact: people[made.scope, contact] for contact in draft.contacts()}
    body, _ = draft.sealed(content_digest(event), named)
    return replace(made, body=stamp_canonical(body, event.recorded_at))
