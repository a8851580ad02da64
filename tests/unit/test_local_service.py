"""What is said of a service that runs and does not become ready."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.local.errors import NotReadyError
from deploy.local.ports import HOST
from deploy.local.service import ServiceProcess
from shared.platform.http import ANSWERED_BY


class Alive(ServiceProcess):
    """One whose process is the test's own server."""

    @property
    def pid(self) -> int | None:
        return 1


@contextmanager
def answering(status: int, body: bytes, process: str = "1") -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header(ANSWERED_BY, process)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer((HOST, 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"title": "x", "detail": "broker: the broker does not answer"}', "the broker does not answer"),
        (b"a proxy in front", "a proxy in front"),
    ],
)
def test_a_service_that_is_not_ready_is_told_with_its_reason(body: bytes, told: str, tmp_path: Path) -> None:
    """What its `/readyz` says, in both languages' lines, beside the place of its log; 200 is ready."""
    with answering(503, body) as port:
        service = Alive("notifier", tmp_path, port, {})
        with pytest.raises(NotReadyError) as error:
            service.wait_ready(0.5)
        assert str(error.value).count(told) == 2
        assert str(service.log) in str(error.value)
        assert not service.ready()
    with answering(200, b"{}") as port:
        assert Alive("notifier", tmp_path, port, {}).ready()
    assert "readyz" in str(Alive("notifier", tmp_path, port, {}).unready())


def test_the_answer_of_another_process_is_not_that_of_ours(tmp_path: Path) -> None:
    """Of two that start at the same moment on one port one answers while the other still starts."""
    with answering(200, b"{}", process="2") as port:
        service = Alive("notifier", tmp_path, port, {})
        assert not service.ready()
        assert f"another process answers on port {port}" in str(service.unready())
