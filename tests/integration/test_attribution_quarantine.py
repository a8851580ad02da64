"""Two people work on one scope in quarantine at the same time: nothing is lost, and live stays judge."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from subprocess import CompletedProcess
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.attribution.cli import quarantine
from services.attribution.quarantine.marks import NotFailingError, NotParkedError
from services.attribution.quarantine.quarantine import AlreadySetAsideError
from services.attribution.store.batch import BeingSetAsideError
from shared.contract import SetAside, format_instant
from tests.support.attribution import START, Deployment, Journal, deployment
from tests.support.panke import panke
from tests.support.rules import failing_on
from tests.support.tokens import admission

LI, WANG = "13800000001", "13800000002"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


@pytest.fixture
def journal(live: Deployment) -> Journal:
    """Two facts wait: the fold failed on the first, and would not fail any more."""
    journal = Journal()
    live.attribution = live.restarted(failing_on(live.rules, 1))
    live.fold(journal.visit(LI, "li"), journal.visit(LI, "wang", hours=1))
    return journal


def test_a_retry_folds_nothing_while_the_journal_is_told_to_leave_the_fact_out(
    live: Deployment, journal: Journal
) -> None:
    """It says who sets the fact aside and what to do; the set-aside goes on, and the fact counts nowhere."""
    told: list[Result] = []
    given = ["retry", "demo", "--database-url", live.dsn]
    # Within this process, since the command waits for its answer no longer than ten seconds.
    with intake(lambda: told.append(CliRunner().invoke(quarantine, given))) as address:
        done = set_aside(live, address)
    assert (done.returncode, done.stdout) == (0, b"1 facts folded, 0 wait\n"), done.stderr.decode()
    (second,) = told
    assert second.exit_code == 1
    assert "set aside by chen" in second.output
    assert "panke quarantine set-aside demo" in second.output
    assert folded(live) == [2]
    assert live.rows("SELECT owner FROM claims") == [{"owner": "wang"}]


def test_a_retry_that_read_before_the_mark_commits_nothing_after_it(
    live: Deployment, journal: Journal
) -> None:
    """What a retry folded in memory is dropped once somebody takes the fact out."""
    take = live.quarantine._store.known

    def known(scopes: Any) -> Any:
        found = take(scopes)
        live.quarantine._store.known = take  # type: ignore[method-assign]
        live.quarantine.marks.put("demo", "chen")
        return found

    live.quarantine._store.known = known  # type: ignore[method-assign]
    with pytest.raises(BeingSetAsideError):
        live.quarantine.retry("demo")
    assert folded(live) == []
    assert [parked.waiting for parked in live.quarantine.parked()] == [2]


def test_a_set_aside_behind_a_retry_tells_the_journal_nothing(live: Deployment, journal: Journal) -> None:
    """The fact counts by then: the command is refused before intake hears of it."""
    assert retry(live).returncode == 0
    asked: list[None] = []
    with intake(lambda: asked.append(None)) as address:
        done = set_aside(live, address)
    assert (done.returncode, b"does not wait in quarantine" in done.stderr) == (1, True)
    assert (asked, folded(live)) == ([], [1, 2])


def test_a_set_aside_that_was_killed_behind_the_journal_is_ended_by_giving_it_again(
    live: Deployment, journal: Journal
) -> None:
    """Until then no retry folds the fact, whoever gives it."""
    live.quarantine.marks.put("demo", "chen")  # and the process ends here
    assert retry(live).returncode == 1
    with intake() as address:
        assert set_aside(live, address).returncode == 0
    assert folded(live) == [2]


def test_an_answer_that_was_lost_keeps_the_mark_and_a_refusal_takes_it_away(
    live: Deployment, journal: Journal
) -> None:
    """The journal may have the one and has certainly not the other."""
    with intake(status=500) as address:
        done = set_aside(live, address)
    assert (done.returncode, b"give this command again" in done.stderr) == (1, True)
    assert retry(live).returncode == 1
    with intake(status=409) as address:
        assert set_aside(live, address).returncode == 1
    assert retry(live).returncode == 1, "the first one may have been recorded"
    with intake() as address:
        assert set_aside(live, address).returncode == 0


def test_a_refusal_of_the_journal_leaves_the_scope_to_be_retried(live: Deployment, journal: Journal) -> None:
    """Nothing was recorded, so nothing is marked."""
    with intake(status=409) as address:
        done = set_aside(live, address)
    assert (done.returncode, b"nothing was changed" in done.stderr) == (1, True)
    assert retry(live).returncode == 0


def test_the_second_of_two_who_set_one_fact_aside_hears_of_the_first(
    live: Deployment, journal: Journal
) -> None:
    """The fact behind it is not taken for it."""
    mark = live.quarantine.marks.put("demo", "chen")
    record = SetAside(mark.id, "a test of the line", "chen", START)
    live.quarantine.marks.put("demo", "zhao")
    assert live.quarantine.set_aside("demo", record).left == 0
    with pytest.raises(AlreadySetAsideError) as refused:
        live.quarantine.set_aside("demo", record)
    assert refused.value.by == "chen"
    with pytest.raises(NotParkedError):
        live.quarantine.marks.put("demo", "zhao")


def test_what_was_begun_is_withdrawn_on_record_while_the_journal_has_not_recorded_it(
    live: Deployment, journal: Journal
) -> None:
    """The fact counts again, a retry folds it, and who withdrew what and why is listed."""
    mark = live.quarantine.marks.put("demo", "chen")
    assert retry(live).returncode == 1
    with intake() as address:
        done = withdraw(live, address)
    assert done.returncode == 0, done.stderr.decode()
    listed = panke("quarantine", "list", "--database-url", live.dsn).stdout.decode()
    assert f"withdrawn demo\t{mark.id}\tbegun by chen" in listed
    assert "withdrawn by zhao" in listed
    assert retry(live).returncode == 0
    assert folded(live) == [1, 2]


def test_what_the_journal_has_recorded_is_not_withdrawn(live: Deployment, journal: Journal) -> None:
    """Its export leaves the event out: the set-aside can only be ended; nor is it withdrawn where intake is silent."""
    mark = live.quarantine.marks.put("demo", "chen")
    with intake(listed=[mark.id]) as address:
        done = withdraw(live, address)
    assert (done.returncode, b"end it: panke quarantine set-aside demo" in done.stderr) == (1, True)
    assert withdraw(live, "http://127.0.0.1:1").returncode == 1
    assert retry(live).returncode == 1
    with intake() as address:
        assert set_aside(live, address).returncode == 0
        assert withdraw(live, address).returncode == 1
    assert folded(live) == [2]


def test_a_withdrawal_gives_way_to_who_begins_anew_meanwhile(live: Deployment, journal: Journal) -> None:
    """Between the question to intake and the record of the withdrawal; and nothing is withdrawn that nobody began."""
    with intake() as address:
        assert withdraw(live, address).returncode == 1
    live.quarantine.marks.put("demo", "chen")
    with intake(lambda: live.quarantine.marks.put("demo", "wu") and None) as address:
        assert withdraw(live, address).returncode == 1
    assert b"set aside by wu" in retry(live).stderr
    assert live.quarantine.marks.withdrawn() == []


def test_a_mark_is_put_on_the_failing_event_alone(live: Deployment, journal: Journal) -> None:
    """Also when intake asks for it, naming an event that is not to blame."""
    with pytest.raises(NotFailingError):
        live.quarantine.marks.put("demo", "chen", "0195a000-0000-7000-8000-000000000009")
    assert retry(live).returncode == 0


def test_a_retry_goes_on_where_facts_come_meanwhile(live: Deployment, journal: Journal) -> None:
    """The consumer writes to the scope between reading and commit: what came is folded too."""
    take = live.quarantine._store.known

    def known(scopes: Any) -> Any:
        found = take(scopes)
        live.quarantine._store.known = take  # type: ignore[method-assign]
        live.fold(journal.visit(WANG, "li", hours=2))
        return found

    live.quarantine._store.known = known  # type: ignore[method-assign]
    assert live.quarantine.retry("demo").folded == 3
    assert folded(live) == [1, 2, 3]


def folded(live: Deployment) -> list[int]:
    return [row["seq"] for row in live.rows("SELECT seq FROM facts ORDER BY seq")]


def retry(live: Deployment) -> CompletedProcess[bytes]:
    return panke("quarantine", "retry", "demo", "--database-url", live.dsn)


def set_aside(live: Deployment, address: str) -> CompletedProcess[bytes]:
    given = ("--reason", "a test", "--by", "chen", "--intake", address, "--database-url", live.dsn)
    return panke("quarantine", "set-aside", "demo", "--machine", str(admission().file_of("operator")), *given)


def withdraw(live: Deployment, address: str) -> CompletedProcess[bytes]:
    given = ("--reason", "a mistake", "--by", "zhao", "--intake", address, "--database-url", live.dsn)
    return panke("quarantine", "withdraw", "demo", "--machine", str(admission().file_of("operator")), *given)


@contextmanager
def intake(
    meanwhile: Callable[[], None] = lambda: None, *, status: int = 201, listed: Sequence[str] = ()
) -> Iterator[str]:
    """What answers for the journal, after something else was done while the command waits."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            meanwhile()
            one = {"reason": "a test", "by": "chen", "at": format_instant(START)}
            told = json.dumps({"set_asides": [{"set_aside": id_, **one} for id_ in listed]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            meanwhile()
            told = {
                "set_aside": asked["id"],
                "reason": asked["reason"],
                "by": asked["by"],
                "at": format_instant(START),
            }
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: the test's output is the test's."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
