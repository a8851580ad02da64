"""Logs follow a fact by its trace and hide whom it is about."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.platform.telemetry.telemetry import (
    RateLimit,
    configure_logging,
    current_traceparent,
    new_registry,
    next_span,
    parse_traceparent,
    render_metrics,
    traced,
)

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Where the lines of a configured service go; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    configure_logging("desk", "info", stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_lines_are_json_and_carry_the_trace(log: io.StringIO) -> None:
    """Every line within a trace names it, whether by structlog or by the standard library."""
    with traced(next_span(PARENT)):
        structlog.get_logger().info("fact.stored", seq=3)
        logging.getLogger("library").warning("slow %s", "query")
    structlog.get_logger().info("idle")
    first, second, third = lines(log)
    assert (first["event"], first["seq"], first["service"], first["level"]) == (
        "fact.stored",
        3,
        "desk",
        "info",
    )
    assert first["trace_id"] == second["trace_id"] == "a" * 32
    assert (second["event"], second["logger"]) == ("slow query", "library")
    assert "trace_id" not in third


def test_no_phone_reaches_a_line(log: io.StringIO) -> None:
    """Texts, numbers, nested values, bytes, keys and tracebacks are masked, also those of libraries."""
    phone = "13812345678"
    logger = structlog.get_logger()
    logger.info(f"met {phone}", to=phone, n=int(phone), nested={"a": [phone], phone: 1}, raw=phone.encode())
    try:
        raise ValueError(phone)
    except ValueError:
        logger.exception("failed")
        logging.getLogger("library").exception("failed too")
    logging.getLogger("library").warning("for %s", phone)
    assert len(lines(log)) == 4
    assert phone not in log.getvalue()
    assert "138****5678" in log.getvalue()


def test_a_traceback_in_a_line_has_no_values_of_variables(log: io.StringIO) -> None:
    """What a defect held of people stays out of the log, which says where it happened and what it was."""
    held = {"name": "张伟", "home": "幸福路 1 号"}
    try:
        raise KeyError(len(held))
    except KeyError:
        structlog.get_logger("http").exception("http.defect")
        logging.getLogger("library").exception("failed too")
    assert all("KeyError" in line["exception"] for line in lines(log))
    assert "张伟" not in log.getvalue()


def test_a_level_below_the_set_one_is_left_out(log: io.StringIO) -> None:
    """Debug lines are not written at level info, nor the whole addresses that HTTP clients log."""
    structlog.get_logger().debug("detail")
    logging.getLogger("httpx").info("GET https://example.com/?token=s3cret")
    assert lines(log) == []


def test_a_span_continues_its_parent_s_trace() -> None:
    """The trace id and flags go on, the span id is new; without a parent a trace begins."""
    child = next_span(PARENT.encode())
    assert (child.trace_id, child.flags) == ("a" * 32, "01")
    assert child.span_id != "b" * 16
    assert parse_traceparent(child.traceparent) == child
    assert next_span().trace_id != next_span().trace_id


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        PARENT.upper(),
        PARENT.replace("a", "0"),
        PARENT.replace("b", "0"),
        "ff" + PARENT[2:],
        b"\xff",
    ],
)
def test_a_wrong_traceparent_is_as_none(header: str | bytes | None) -> None:
    """A header that is not right begins a new trace and breaks nothing."""
    assert parse_traceparent(header) is None
    assert next_span(header).trace_id not in {"a" * 32, "0" * 32}


def test_the_current_trace_can_be_handed_on() -> None:
    """Within a trace the header for the next hop can be had, outside there is none."""
    assert current_traceparent() is None
    with traced(next_span(PARENT)) as span:
        assert current_traceparent() == span.traceparent
    assert current_traceparent() is None


def test_a_noisy_logger_is_held_back_and_the_count_told(log: io.StringIO) -> None:
    """Of a burst a few lines pass; the next one that passes says how many did not."""
    now = [0.0]
    limit = RateLimit(("aiokafka",), burst=2, clock=lambda: now[0])
    logging.getLogger().handlers[0].filters[:] = [limit]
    for number in range(50):
        logging.getLogger("aiokafka.conn").error("down %d", number)
    logging.getLogger("other").error("not held")
    now[0] = 1.0
    logging.getLogger("aiokafka.client").error("down still")
    told = lines(log)
    assert [line["event"] for line in told] == ["down 0", "down 1", "not held", "down still"]
    assert told[-1]["held_back"] == 48


def test_a_registry_names_the_service_and_its_process() -> None:
    """Metrics say which service and version they are of."""
    text = render_metrics(new_registry("desk", "0.1.0")).decode()
    assert 'panke_build_info{service="desk",version="0.1.0"} 1.0' in text
    assert "process_" in text or "python_gc_" in text
