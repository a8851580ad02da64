"""What a person sees of the demonstration: one line that moves on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from shared.demo.office import FIRST_DAY, ZONE
from shared.demo.story import Told, alert_line, by_status

_ALERTS_SHOWN = 12


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
        self.head("客户现状 Customers by status")
        for zh, en, count in by_status(judgement):
            self.say(f"  {count:4d}  {zh} {en}")

    def decisions(self, told: Iterable[Told]) -> None:
        self.head("三个归属决定 Three decisions")
        for one in told:
            self.say(f"  {one.when}  {one.who}  〔{one.clause}〕")
            self.say(f"      {one.zh}")
            self.say(f"      {one.en}")
            for id_, zh, en in one.events:
                self.say(f"      · {zh} {en}  {id_}")

    def alerts(self, told: list[dict[str, Any]], refused: int) -> None:
        self.head(
            f"已送达的提醒 Alerts that arrived, signatures verified: {len(told)}（拒收 refused {refused}）"
        )
        for data in told[-_ALERTS_SHOWN:]:
            self.say("  " + "  ".join(alert_line(data)))
        if len(told) > _ALERTS_SHOWN:
            self.say(f"  … 之前还有 and before these {len(told) - _ALERTS_SHOWN}")

    def places(self, addresses: Mapping[str, str]) -> None:
        self.head("接口文档与指标 API docs and metrics")
        for service, address in addresses.items():
            self.say(f"  {service:12s} {address}/docs   {address}/metrics")


class Living(AbstractContextManager["Living"]):
    """The progress of the office's days."""

    def __init__(self, screen: Screen, steps: int) -> None:
        self._screen = screen
        self._day = -1
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

    def at(self, moment: datetime, recorded: int, alerts: int) -> None:
        """Another step was taken; where nothing can move, a line for each day."""
        local = moment.astimezone(ZONE)
        day = (local.date() - FIRST_DAY).days
        words = f"第 {day + 1} 天 day {day + 1}  {local:%m-%d %H:%M}  事件 events {recorded}  提醒 alerts {alerts}"
        self._bar.update(self._task, advance=1, description=words)
        if day != self._day:
            self._day = day
            if not self._screen.interactive:
                self._screen.say(words)
