"""What a person sees of the demonstration: one line that moves on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from deploy.demo.bubbles import LOOKS, bubble, line, local, wrapped
from deploy.demo.choosing import worth_showing
from deploy.demo.conversations import Conversation
from deploy.demo.providers.message import DeliveredMessage, RefusedRequest
from deploy.demo.scenario.office import FIRST_DAY
from deploy.demo.story import DecisionInWords, by_status
from shared.access.table import permission_table
from shared.i18n import translated

_RECEIVED_SHOWN = 6
_WIDEST = 84
_SWITCHED = {
    "stop": translated("the notifier is stopped"),
    "start": translated("it runs again; what was due goes out late"),
}


class Screen:
    """Chinese first, then English; no markup is read from what is shown."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    @property
    def interactive(self) -> bool:
        return self.console.is_terminal

    def say(self, line: str = "") -> None:
        self.console.print(line, markup=False)

    def head(self, line: str) -> None:
        self.say()
        self.console.print(line, markup=False, style="bold")

    def living(self, steps: int) -> Living:
        return Living(self, steps)

    def statuses(self, judgement: Mapping[str, Any]) -> None:
        self.head(translated("Customers by status").beside)
        for zh, en, count in by_status(judgement):
            self.say(f"  {count:4d}  {zh} {en}")

    def decisions(self, told: Iterable[DecisionInWords]) -> None:
        self.head(translated("Three decisions").beside)
        for one in told:
            self.say()
            self.say(f"  {one.when}  {one.who}  〔{one.clause}〕")
            for text in (one.zh, one.en):
                for part in wrapped(text, self.width - 6):
                    self.say(f"      {part}")
            for id_, zh, en in one.events:
                self.say(f"      · {zh} {en}  {id_}")

    def messages(
        self, told: Sequence[Conversation], refused: Sequence[RefusedRequest], everything: Path
    ) -> None:
        """How much arrived by which channel, and of each kind one as its reader sees it."""
        alerts = sum(len(one.alerts) for one in told)
        self.head(
            translated(
                "Messages that arrived: {messages} ({alerts} alerts), signatures verified",
                messages=len(told),
                alerts=alerts,
            ).beside
        )
        self._counted(told, refused)
        self._receiver([one.message for one in told if one.message.channel == "webhook"])
        self.head(translated("As their readers see them").beside)
        self.say()
        for one in worth_showing(told):
            self.console.print(bubble(one, self.width), soft_wrap=False)
        self.say(f"  {translated('all messages').beside}: {everything}")

    def _counted(self, told: Sequence[Conversation], refused: Sequence[RefusedRequest]) -> None:
        counted = Counter(one.message.channel for one in told)
        for channel, look in LOOKS.items():
            self.say(f"  {counted[channel]:4d}  {look.name}")
        for one, count in Counter((one.channel, one.code, one.words) for one in refused).items():
            channel, code, words = one
            sent_otherwise = translated("refused, so sent another way")
            self.say(f"  {count:4d}  {LOOKS[channel].name} {sent_otherwise.beside}")
            self.say(f"        {code} {words}")

    def _receiver(self, received: Sequence[DeliveredMessage]) -> None:
        self.head(f"{translated('Alerts at the signed webhook').beside}: {len(received)}")
        for message in received[-_RECEIVED_SHOWN:]:
            self.arrived(message)
        if len(received) > _RECEIVED_SHOWN:
            self.say(f"  … {translated('and before these').beside} {len(received) - _RECEIVED_SHOWN}")

    def arrived(self, message: DeliveredMessage) -> None:
        """A message in one line, cut where the screen ends; whole where there is none, in a file or a pipe."""
        if not self.interactive:
            self.console.print(line(message), soft_wrap=True)
            return
        self.console.print(line(message), soft_wrap=False, no_wrap=True, overflow="ellipsis")

    def switched(self, at: datetime, to: Literal["stop", "start"]) -> None:
        self.console.print(f"  {local(at):%m-%d %H:%M}  {_SWITCHED[to].beside}", style="yellow")

    @property
    def width(self) -> int:
        return min(self.console.width - 2, _WIDEST)

    def accounts(self, roles: Mapping[str, str], password: str) -> None:
        """One account of each role, for whoever wants to call the services; all have one password."""
        table = permission_table()
        words = {**table.staff_roles, **table.granted_roles}
        self.head(translated("Demo accounts, one for each role").beside)
        for login, role in roles.items():
            self.say(f"  {login:14s} {words[role].text.beside}")
        self.say(f"  {translated('password').beside}: {password}")

    def places(self, addresses: Mapping[str, str]) -> None:
        self.head(translated("API docs and metrics").beside)
        for service, address in addresses.items():
            self.say(f"  {service:12s} {address}/docs   {address}/metrics")

    def ended(self) -> None:
        """Where nothing is held, nobody is sent to what is gone in a moment."""
        self.head(
            translated("All of it is being stopped; with HOLD=1 it stays, with accounts and a console").beside
        )

    def pages(self, address: str) -> None:
        """Where people look: the last line that is told, since it is the first that is wanted."""
        self.head(translated("The console: sign in with one of the accounts above").beside)
        self.say(f"  {address}")


class Living(AbstractContextManager["Living"]):
    """The progress of the office's days."""

    def __init__(self, screen: Screen, steps: int) -> None:
        self._screen = screen
        self._day = -1
        self._shown = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=screen.console,
            transient=True,
            disable=not screen.interactive,
        )
        self._task = self._bar.add_task("", total=steps)

    def __enter__(self) -> Living:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def at(self, moment: datetime, recorded: int, messages: Sequence[DeliveredMessage]) -> None:
        """Another step was taken: a line for each day, and below it one for each message that has come since."""
        at = local(moment)
        day = (at.date() - FIRST_DAY).days
        words = f"{translated('day {day}', day=day + 1).beside}  {at:%m-%d %H:%M}"
        words += (
            f"  {translated('events').beside} {recorded}  {translated('messages').beside} {len(messages)}"
        )
        self._bar.update(self._task, advance=1, description=words)
        if day != self._day:
            self._day = day
            self._screen.say(words)
        for message in messages[self._shown :]:
            self._screen.arrived(message)
        self._shown = len(messages)
