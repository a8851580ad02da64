"""An office as the notifier hears of it: messages of panke.ownership.v1, given to the inbox or to a
broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.delivery.queue import Queue, Terms
from services.notifier.inbox.decoding import OwnershipRecord
from services.notifier.inbox.inbox import BatchResult, Inbox
from services.notifier.model.alert import Person, RenderedMessage
from services.notifier.schedule.plan import Plans
from shared.contract import StaffContacts
from shared.contract.events import Role
from shared.contract.topics import (
    ClaimMessage,
    ClaimStatus,
    Headers,
    StaffMessage,
    encode_headers,
    encode_message,
)
from shared.platform.clock import MachineClock
from shared.platform.postgres.database import Database, migrate

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOPIC = "panke.ownership.v1"
SCOPE = "demo"
# The claim of the tests ends with 5 March 2026.
END = datetime(2026, 3, 6, tzinfo=SHANGHAI).astimezone(UTC)


def local(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """That hour of that day of March 2026 in the office."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)


class SetClock:
    """A business clock that stands where the test puts it."""

    speed = 0.0

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class ShiftedClock(MachineClock):
    """The machine's clock, ahead by as much as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


class StandingClock(ShiftedClock):
    """One that stands where it began but for what the test says: however long a test takes, what has been waited for is
    exactly that. Not where the database stamps times of its own beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.began = super().now()

    def now(self) -> datetime:
        return self.began + self.ahead


@dataclass
class Stream:
    """The ownership messages of some scopes, numbered as attribution numbers them."""

    seqs: dict[str, int] = field(default_factory=dict)
    generations: dict[tuple[str, str], int] = field(default_factory=dict)

    def claim(
        self,
        customer: str,
        owner: str | None,
        expires_at: datetime | None = END,
        *,
        status: ClaimStatus = "owned",
        replaces: Sequence[str] = (),
        scope: str = SCOPE,
        traceparent: str | None = None,
        timezone: str | None = None,
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        generation = self.generations.get((scope, customer), 0) + 1
        self.generations[scope, customer] = generation
        message = ClaimMessage(
            scope=scope,
            seq=self._seq(scope),
            customer=customer,
            generation=generation,
            owner=owner,
            status=status,
            expires_at=expires_at,
            replaces=tuple(replaces),
            timezone=timezone,
        )
        return encode_message(message), encode_headers(Headers(traceparent=traceparent))

    def lapsed(self, customer: str, scope: str = SCOPE) -> tuple[bytes, list[tuple[str, bytes]]]:
        return self.claim(customer, None, None, status="lapsed", scope=scope)

    def staff(
        self,
        staff: str,
        role: Role,
        *,
        email: str | None = None,
        departed: bool = False,
        scope: str = SCOPE,
        name: str | None = None,
        reached: StaffContacts | None = None,
        office: str | None = None,
        away: bool | None = None,
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        contacts = StaffContacts(email=email) if email is not None else reached
        message = StaffMessage(
            scope=scope,
            seq=self._seq(scope),
            staff=staff,
            name=f"{staff} 的姓名" if name is None else name,
            role=role,
            contacts=contacts,
            departed=departed,
            office=office,
            away=away,
        )
        return encode_message(message), []

    def watermark(self, at: datetime) -> tuple[None, list[tuple[str, bytes]]]:
        return None, encode_headers(Headers(watermark=at))

    def _seq(self, scope: str) -> int:
        self.seqs[scope] = self.seqs.get(scope, 0) + 1
        return self.seqs[scope]


Told = tuple[bytes | None, list[tuple[str, bytes]]]


def of_edition(number: int, *told: Told) -> list[Told]:
    """The same messages as attribution tells them in that edition."""
    return [(value, [*headers, ("edition", b"%d" % number)]) for value, headers in told]


class Office:
    """A notifier's database, its inbox and its queue, with clocks that the test sets."""

    def __init__(self, dsn: str, at: datetime, plans: Plans | None = None) -> None:
        self.plans = plans or Plans()
        migrate(dsn, "services.notifier", "notifier")
        self.database = Database(dsn, schema="notifier", name="notifier-test", max_size=6)
        self.database.open()
        self.clock = SetClock(at)
        self.machine = ShiftedClock()
        self.inbox = Inbox(self.database, TOPIC, self.plans, self.clock)
        self.queue = Queue(self.database, Terms(lease=timedelta(seconds=30)))
        self.stream = Stream()
        self.next = 0
        self.inbox.open(0, "", 0, 0)

    def close(self) -> None:
        self.database.close()

    def hear(self, *told: Told) -> BatchResult:
        """One batch of partition 0."""
        records = [OwnershipRecord(self.next + n, value, headers) for n, (value, headers) in enumerate(told)]
        taken = self.inbox.take(0, self.next, records)
        self.next += len(records)
        return taken

    def at(self, at: datetime, *, watermark: bool = True) -> None:
        """It is `at` now, and (unless told otherwise) the watermark has come that far."""
        self.clock.at = at
        if watermark:
            self.hear(self.stream.watermark(at))

    def pass_time(self, passed: timedelta) -> None:
        """So much time passes for everybody: for this machine, and for the database, by whose clock leases go."""
        self.machine.ahead += passed
        with self.database.connection() as connection:
            connection.execute("UPDATE alerts SET leased_until = leased_until - %s", [passed])

    def states(self) -> list[tuple[str, str, str | None, str]]:
        """Every alert as (customer, step, staff, state), by due time."""
        with self.database.connection() as connection:
            rows = connection.execute(
                "SELECT customer, rung, staff, state FROM alerts ORDER BY due_at, customer, claim_seq, staff"
            ).fetchall()
        return [(str(a), str(b), None if c is None else str(c), str(d)) for a, b, c, d in rows]

    def set_position(self, topic: str, *, next: int, source: str | None = None) -> None:
        """Partition 0 stands there, of that source if one is given."""
        with self.database.connection() as connection:
            connection.execute(
                "UPDATE positions SET next = %s, source = coalesce(%s, source) WHERE topic = %s AND partition = 0",
                [next, source, topic],
            )

    def forget_all_but_positions(self) -> None:
        """No alert, claim or scope is known any more."""
        with self.database.connection() as connection:
            connection.execute("TRUNCATE alerts, attempts, claims, scopes")

    def taken_positions(self, topic: str) -> dict[int, int]:
        """The stored position of each partition."""
        with self.database.connection() as connection:
            rows = connection.execute(
                "SELECT partition, next FROM positions WHERE topic = %s", [topic]
            ).fetchall()
        return {int(str(partition)): int(str(following)) for partition, following in rows}


@contextmanager
def one_reminder_due(dsn: str, reached: StaffContacts | None = None) -> Iterator[Office]:
    """A claim of one consultant, `reached` by these contacts, on the morning of the day before it ends: the first
    reminder of it is due.
    """
    office = Office(dsn, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant", reached=reached),
        office.stream.claim("c1", "li"),
    )
    office.at(local(4, 9))
    try:
        yield office
    finally:
        office.close()


class Keeping:
    """A channel that keeps what it was given, and answers as the test says."""

    after_crash = "resend"

    def __init__(self, name: str = "keeping", *, timeout: float = 5.0) -> None:
        self.name = name
        self.timeout = timeout
        self.sent: list[RenderedMessage] = []
        self.answers: list[Exception] = []
        self.says = "kept"

    def destination(self, person: Person) -> str | None:
        return f"keep:{person.staff}"

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        if self.answers:
            raise self.answers.pop(0)
        self.sent.append(notice)
        return self.says

    async def close(self) -> None:
        """Nothing is open."""
