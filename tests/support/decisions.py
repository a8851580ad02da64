"""Decisions on a customer or a deal, as attribution tells them to the notifier."""

from __future__ import annotations

from shared.contract.topics import Decision, DecisionMessage, encode_message
from tests.support.notifier import SCOPE, Office, Told, local


def decision(
    office: Office, what: Decision, owner: str | None, previous: str | None, clause: str = "shijiazhuang.4"
) -> Told:
    """What was decided of the customer c1."""
    office.stream.seqs[SCOPE] += 1
    message = DecisionMessage(
        scope=SCOPE, seq=office.stream.seqs[SCOPE], customer="c1", at=local(2, 10), clause=clause, because=("e1",),
        decision=what, owner=owner, previous=previous,
    )  # fmt: skip
    return encode_message(message), []


def deal(office: Office, shares: dict[str, int]) -> Told:
    """Whose the shares of the deal d1 are."""
    office.stream.seqs[SCOPE] += 1
    message = DecisionMessage(
        scope=SCOPE, seq=office.stream.seqs[SCOPE], customer="c1", at=local(2, 10), clause="reception.4",
        because=("e1",), deal="d1", status="final", shares=shares,
    )  # fmt: skip
    return encode_message(message), []
