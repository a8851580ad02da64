"""A load of many small offices at once: each has its own desk, which repeats what was not answered until it is.

A desk sends one event after the other, now and then a batch, and remembers every answer. Whatever it sends again has
the same id and the same bytes, as a client that got no answer must do.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from shared.contract import format_instant
from tests.support.contract import JSON_BODY
from tests.support.erasing import KeyDestroyer
from tests.support.tokens import admission

STAFF = ("li", "wang", "zhao")
MANAGER = "gao"
_AGAIN = 0.1
# A desk is no benchmark: the storm is to meet events under way, not a queue that takes minutes to fold.
_PAUSE = 0.02


@dataclass(frozen=True)
class Acknowledged:
    """What intake answered for an event."""

    scope: str
    seq: int
    recorded_at: str


@dataclass
class Desk(threading.Thread):
    """One scope's desk."""

    scope: str
    address: str
    seed: int
    now: Callable[[], datetime]
    stop: threading.Event
    give_up: threading.Event
    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    answered: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)
    # Where it is given, people are erased now and then, and what was sent of them is sent again.
    destroyer: KeyDestroyer | None = None
    erased: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(name=f"desk {self.scope}", daemon=True)
        self._rng = random.Random(f"{self.scope}/{self.seed}")
        self._known: list[str] = []
        self._visits: list[tuple[str, str]] = []
        self._staff = [f"{self.scope}-{name}" for name in STAFF]
        self._http = httpx.Client(timeout=5.0, trust_env=False, headers=JSON_BODY, auth=admission().bearer())

    def __hash__(self) -> int:
        return id(self)

    @property
    def phones(self) -> list[str]:
        """Every number that the desk ever used."""
        return list(self._known)

    def run(self) -> None:
        with self._http:
            self._deliver([self._enrolment(name) for name in (*STAFF, MANAGER)])
            while not self.stop.wait(_PAUSE):
                count = self._rng.randint(5, 40) if self._rng.random() < 0.1 else 1
                self._deliver([self._event() for _ in range(count)])
                if self.destroyer is not None and self._known and self._rng.random() < 0.04:
                    self._erase(self.destroyer, self._rng.choice(self._known))

    def _erase(self, destroyer: KeyDestroyer, phone: str) -> None:
        """Recorded first, and then the key goes; what was sent before is answered again as it was."""
        people = destroyer.people(self.scope, f"+86{phone}")
        if not people:
            return
        earlier = [id_ for id_, body in self.sent.items() if phone.encode() in body][:3]
        data = {"people": people, "reason": "演示", "asked_by": "演示", "by": f"{self.scope}-{MANAGER}"}
        self._deliver([self._envelope("person.erased", data)])
        destroyer.destroy(people)
        self.erased.append(phone)
        for id_, answer in self._send({id_: self.sent[id_] for id_ in earlier}):
            self._take(id_, answer)

    def _deliver(self, events: list[dict[str, Any]]) -> None:
        """Send until every one of them is answered; now and then once more after the answer."""
        bodies = [json.dumps(event, ensure_ascii=False).encode() for event in events]
        ids = [event["id"] for event in events]
        self.sent.update(zip(ids, bodies, strict=True))
        left = dict(zip(ids, bodies, strict=True))
        again = self._rng.random() < 0.05
        while left and not self.give_up.is_set():
            for id_, answer in self._send(left):
                self._take(id_, answer)
                left.pop(id_, None)
            if left:
                self.repeated += 1
                time.sleep(_AGAIN)
        if again:
            for id_, answer in self._send(dict(zip(ids, bodies, strict=True))):
                self._take(id_, answer)

    def _send(self, events: dict[str, bytes]) -> list[tuple[str, dict[str, Any]]]:
        """What was answered; nothing where nobody answered, or not now."""
        try:
            if len(events) == 1:
                return self._send_one(*next(iter(events.items())))
            return self._send_batch(events)
        except httpx.TransportError:
            return []

    def _send_one(self, id_: str, body: bytes) -> list[tuple[str, dict[str, Any]]]:
        answer = self._http.post(f"{self.address}/v1/events", content=body)
        if answer.status_code in (200, 202):
            return [(id_, answer.json())]
        if answer.status_code != 503:
            self.wrong.append(f"{answer.status_code} {answer.text}")
            self.give_up.set()
        return []

    def _send_batch(self, events: dict[str, bytes]) -> list[tuple[str, dict[str, Any]]]:
        answer = self._http.post(f"{self.address}/v1/events:batch", content=b"\n".join(events.values()))
        if answer.status_code == 503:
            return []
        if answer.status_code != 200:
            self.wrong.append(f"{answer.status_code} {answer.text}")
            self.give_up.set()
            return []
        lines = [json.loads(line) for line in answer.text.splitlines()]
        return [(line["id"], line) for line in lines if line.get("status") in (200, 202)]

    def _take(self, id_: str, answer: dict[str, Any]) -> None:
        """An event has one place for good: a second answer must be the first."""
        self.answered += 1
        told = Acknowledged(answer["scope"], answer["seq"], answer["recorded_at"])
        if self.acknowledged.setdefault(id_, told) != told:
            self.wrong.append(f"{id_} was answered {self.acknowledged[id_]} and then {told}")

    def _event(self) -> dict[str, Any]:
        chance = self._rng.random()
        if not self._known or chance < 0.35:
            return self._visit(self._newcomer())
        phone = self._rng.choice(self._known)
        if chance < 0.5:
            return self._visit(phone)
        if chance < 0.6:
            return self._call(phone)
        if chance < 0.65:
            return self._joining(phone)
        if chance < 0.72 and self._visits:
            return self._recognition()
        if chance < 0.8:
            return self._deal(phone)
        return self._follow_up(phone)

    def _newcomer(self) -> str:
        self._known.append(f"137{self._rng.randrange(10**8):08d}")
        return self._known[-1]

    def _visit(self, phone: str) -> dict[str, Any]:
        visit, by = f"v{len(self._visits) + 1}", self._rng.choice(self._staff)
        self._visits.append((visit, phone))
        customer = {"name": "演示客户", "phones": [phone]}
        data = {"visit": visit, "customer": customer, "received_by": by, "capacity": "on_turn"}
        return self._envelope("visit.registered", data)

    def _call(self, phone: str) -> dict[str, Any]:
        customer = {"name": "演示客户", "phones": [phone]}
        return self._envelope(
            "call.registered", {"customer": customer, "answered_by": self._rng.choice(self._staff)}
        )

    def _joining(self, phone: str) -> dict[str, Any]:
        customer = {"phones": [phone, self._rng.choice(self._known)]}
        return self._follow_up(phone, customer)

    def _recognition(self) -> dict[str, Any]:
        visit, _ = self._rng.choice(self._visits)
        data = {"visit": visit, "by": self._rng.choice(self._staff), "evidence": ["演示"]}
        return self._envelope("customer.recognised", data)

    def _deal(self, phone: str) -> dict[str, Any]:
        data = {
            "deal": self._id(),
            "customer": {"phones": [phone]},
            "closed_by": self._rng.choice(self._staff),
            "project": "演示花园",
            "unit": "1-101",
        }
        return self._envelope("deal.subscribed", data)

    def _follow_up(self, phone: str, customer: dict[str, Any] | None = None) -> dict[str, Any]:
        data = {
            "customer": customer or {"phones": [phone]},
            "by": self._rng.choice(self._staff),
            "method": "phone",
            "subject": "户型",
            "content": "演示",
        }
        return self._envelope("followup.recorded", data)

    def _enrolment(self, staff: str) -> dict[str, Any]:
        role = "manager" if staff == MANAGER else "consultant"
        own = f"{self.scope}-{staff}"
        return self._envelope("staff.enrolled", {"staff": own, "name": staff, "role": role})

    def _envelope(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        at: datetime = self.now()
        return {
            "id": self._id(),
            "type": kind,
            "scope": self.scope,
            "office": f"{self.scope}-office",
            "actor": "desk",
            "occurred_at": format_instant(at),
            "data": data,
        }

    def _id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
