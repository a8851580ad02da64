"""`panke demo` as a person calls it: a process, two days, no terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.bubbles import LOOKS
from deploy.demo.deployment import SERVICES
from deploy.local import EmbeddedPostgres
from deploy.local.process import Running
from tests.support.panke import COMMAND
from tests.support.parts import eventually
from tests.support.searching import files_below, found_in

SECONDS = 800.0
ENTERED = re.compile(
    rb"(?<![0-9])(?:86)?138000[0-9]{5}(?![0-9])|@office\\.invalid|" + "客户[0-9]{2}（演示）".encode()
)
"""Numbers of customers and staff, addresses of staff, and names of customers, as the demonstration invents them."""
NOTED = ("已向客户介绍并约定再联系", "号码听错一位", "我先联系的客户", "证据充分", "调整负责片区")
"""What its office notes, and why."""


@pytest.mark.timeout(900)
def test_two_days_end_by_themselves_with_messages_delivered_and_the_same_bytes_offline(
    directory: Path,
) -> None:
    """Without a terminal the demonstration ends: decisions are told, messages have arrived and are shown as their
    readers see them, offline equals live, and no process is left."""
    place = directory / "demo"
    with started(place, "HOLD=0") as demo:
        told, wrong = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0, f"{told}\n{wrong}"
    assert "客户现状 Customers by status" in told
    assert told.count("〔shijiazhuang.") + told.count("〔base.") == 3
    assert "gives the same bytes" in told
    assert "HOLD=1" in told.splitlines()[-1] and "/docs" not in told, "nobody is sent to what is stopped"
    assert (place / "live.json").read_bytes() == (place / "offline.json").read_bytes()
    check_messages(place, told)
    check_files(place)
    assert not any(phones_in(log) for log in place.glob("*/server.log")), "a phone in a log"
    for service in SERVICES:
        told_by = [json.loads(line) for line in (place / service / "server.log").read_text().splitlines()]
        assert told_by and not [line for line in told_by if line["event"] == "settings.unknown"]
    assert left_behind(place) == []


def check_files(place: Path) -> None:
    """No file of database, broker or services holds a name, a number, an address or a note that was entered."""
    folders = (
        EmbeddedPostgres(place / "postgres").data,
        *(place / name for name in ("postgres", "kafka", *SERVICES)),
    )
    files = {file for folder in folders for file in files_below(folder)}
    for kind in ("pg_wal", "base", "panke.intake.v1", "panke.ownership.v1", "server.log"):
        assert any(kind in str(file) for file in files), f"nothing of {kind} was looked at"
    for file in files:
        data = file.read_bytes()
        entered = ENTERED.search(data)
        assert entered is None, f"{file}: {entered[0]!r}"
        assert found_in(data, NOTED) == [], file


def check_messages(place: Path, told: str) -> None:
    """By every channel that somebody prefers, in both languages; what WeCom refused went another way; no customer is
    named, and no number is whole."""
    alerts = json.loads((place / "alerts.json").read_text())
    assert {alert["step"] for alert in alerts} >= {"day_before", "transferred", "returned", "report"}
    check_reports([alert for alert in alerts if alert["step"] == "report"], place / "messages.txt")
    taken = [attempt for alert in alerts for attempt in alert["attempts"] if attempt["outcome"] == "sent"]
    assert {attempt["channel"] for attempt in taken} == {*LOOKS}
    refused = [
        attempt for alert in alerts for attempt in alert["attempts"] if attempt["outcome"] == "refused"
    ]
    assert {(attempt["channel"], "93000" in attempt["answer"]) for attempt in refused} == {("wecom", True)}
    assert not any(attempt["behind"] for attempt in taken)
    everything = (place / "messages.txt").read_text()
    shown = told[told.index("员工看到的样子") :]
    for text in (everything, shown):
        for word in (
            "@138****000",
            "【判客】",
            "Panke",
            "短信 SMS → 138****0005",
            "条合一 in one",
            "企业微信拒收",
        ):
            assert word in text, word
    assert all(alert["case"] in everything for alert in alerts)
    check_links(everything, {alert["case"] for alert in alerts})
    assert not phones_in(place / "messages.txt") and "客户0" not in everything and "客户1" not in everything
    assert "03-05 09:00" in told[: told.index("客户现状")], "messages are told as they arrive"


def check_links(everything: str, cases: set[str]) -> None:
    """Each message but a short one leads to the console: to the customer that it tells of, a digest to the own list."""
    messages = [one for one in re.split(r"\n(?=  \d+月\d+日 )", f"\n{everything}") if one.strip()]
    assert [
        one.split("\n")[0] for one in messages if "://127.0.0.1:" not in one and "短信 SMS" not in one
    ] == []
    linked = re.findall(r"http://127\.0\.0\.1:[0-9]+/c/demo(?:/([0-9A-Z]{4}-[0-9A-Z]{4}))? +│", everything)
    assert {"", *cases} >= set(linked) > {""}


def check_reports(reports: list[dict[str, Any]], messages: Path) -> None:
    """Each day's 日报 goes to the manager's chat at its closing, in time and with figures, and leads to its page."""
    assert [(one["staff"], one["due_at"]) for one in sorted(reports, key=lambda one: str(one["due_at"]))] == [
        ("gao", f"2026-03-0{day}T10:00:00Z") for day in (2, 3, 4)
    ]
    said = messages.read_text()
    for day in (2, 3, 4):
        assert f"演示案场的《销售日报表》，2026-03-0{day}" in said
        link = rf"http://127\.0\.0\.1:[0-9]+/at/demo/demo-office/reports/daily\?from=2026-03-0{day}&to=2026-03-0{day}"
        assert re.search(link, said), f"no whole link of day {day}"
    visits = [int(count) for count in re.findall("批次：([0-9]+)", said)]
    assert len(visits) == 3 and all(visits[:2]), "reports without the figures of their days"
    assert all(wrong not in said for wrong in ("未能取到数字", "可能尚未计入", "已延误"))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_interrupt_in_the_middle_leaves_no_process_behind(directory: Path) -> None:
    """Interrupted while the office lives, the demonstration ends with the usual code and everything that it started."""
    place = directory / "demo"
    with started(place, "HOLD=1") as demo:
        eventually(lambda: len(left_behind(place)) == 6 or demo.poll() is not None, "all parts run", SECONDS)
        demo.send_signal(signal.SIGINT)
        told, wrong = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 130, f"{told}\n{wrong}"
    assert left_behind(place) == []


def started(place: Path, *settings: str) -> subprocess.Popen[str]:
    environment = os.environ | {"DAYS": "2", "SEED": "11", **dict(s.split("=") for s in settings)}
    return subprocess.Popen(
        [*COMMAND, "demo", "--directory", str(place)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def left_behind(place: Path) -> list[str]:
    """The parts that run, by their pid files, which are removed when a part is stopped."""
    alive: list[str] = []
    for pid_file in place.glob("*/server.pid"):
        try:
            known = json.loads(pid_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            continue
        if Running(**known).alive:
            alive.append(pid_file.parent.name)
    return alive


def phones_in(log: Path) -> bool:
    """Whether a text holds a number of the demonstration's row."""
    return "138000" in log.read_text(errors="replace")
