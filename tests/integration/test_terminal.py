"""What commands print on a terminal: foreign text never steers it, and what is piped is as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.platform.telemetry.log_stream import LogStream
from tests.support.contract import encode, envelope
from tests.support.intake import new_journal, prepare, submission
from tests.support.panke import on_terminal, panke

# Turns the direction of writing, isolates it, and begins a command of a terminal in one character or in two.
STEERING = "\u202e\u2066\u009b2J\x9d0;owned\x1b[2J"
TURNED = "张\u202e\u2066伟\u2069"


def party(name: str) -> dict[str, Any]:
    return {
        "visit": "v1",
        "customer": {"name": name, "phones": ["13800000001"]},
        "received_by": "li",
        "capacity": "on_turn",
    }


def plain(text: str) -> bool:
    """Whether nothing in it steers a terminal."""
    return all(character.isprintable() or character in "\n\t" for character in text)


def test_judge_shows_a_person_numbers_and_gives_a_program_the_bytes(tmp_path: Path) -> None:
    """On a terminal the same JSON with what would steer it written as `\\u202e`; piped, the bytes of a live answer."""
    events = tmp_path / "events.ndjson"
    events.write_bytes(encode(envelope(data={"customer": party(TURNED)["customer"]})) + b"\n")
    arguments = ("judge", "--rulebook", "base", str(events))
    piped, shown = panke(*arguments).stdout, on_terminal(*arguments, errors=False).decode()
    assert TURNED in piped.decode()
    assert plain(shown) and "\\u202e" in shown
    assert json.loads(shown) == json.loads(piped)


def test_the_export_shows_a_person_numbers_and_gives_a_program_the_bytes(database: str) -> None:
    """Each line stays one line of JSON; in a pipe it is the line of the journal."""
    journal = new_journal(prepare(database))
    journal.append([submission(data=party(TURNED))])
    journal.close()
    arguments = ("journal", "export", "demo", "--database-url", database)
    piped, shown = panke(*arguments).stdout, on_terminal(*arguments, errors=False).decode()
    assert TURNED in piped.decode()
    assert plain(shown) and "\\u202e" in shown
    assert json.loads(shown) == json.loads(piped)


def test_what_a_command_refuses_steers_no_terminal(database: str) -> None:
    """Names of scopes, files, rulebooks and options come back as numbers."""
    prepare(database)
    given = ("--database-url", database)
    for arguments in (
        ("journal", "export", STEERING, *given),
        ("relay", "--scope", STEERING, *given),
        ("quarantine", "show", STEERING, *given),
        ("judge", "--rulebook", STEERING, "-"),
        ("judge", "--rulebook", "base", f"/{STEERING}"),
        ("rulebook", "show", STEERING),
        ("rulebook", "check", STEERING),
        ("alerts", "check", STEERING),
        ("alerts", "log", "--claim", STEERING, *given),
        ("logs", STEERING),
        (STEERING,),
        ("rulebook", STEERING),
        ("judge", f"--{STEERING}"),
    ):
        shown = on_terminal(*arguments).decode()
        assert shown and plain(shown), (arguments, shown)


class Screen:
    """A stream on which a person looks, or not."""

    def __init__(self, seen: bool) -> None:
        self.seen = seen
        self.text = ""

    def isatty(self) -> bool:
        return self.seen

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Everything is there."""


def test_the_log_of_a_service_steers_no_terminal() -> None:
    """Where `panke serve` runs in a terminal its lines are plain; in a file they are as they were written."""
    for seen in (True, False):
        screen: Any = Screen(seen)
        LogStream(screen).write(f'{{"reason":"{STEERING}"}}\n')
        assert plain(screen.text) is seen
