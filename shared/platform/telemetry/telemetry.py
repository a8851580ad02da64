"""Logs, traces and metrics of a service (ADR 0016, hazards.md#queries-in-logs).

Logs are one JSON object a line on standard error. Each carries the `trace_id` under which a fact came in
over HTTP and with which it goes on in Kafka headers, as W3C trace context. Whatever looks like a phone
number is masked in every value, whoever logs it. The OpenTelemetry context holds the trace, so that an SDK,
where one is configured, sees the same spans' parents.
"""

import logging
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TextIO, cast

import msgspec
import structlog
from opentelemetry import context, trace
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from shared.contract.contacts import mask
from shared.platform.telemetry.log_stream import lines_lost, log_to

_traceparent = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
).match
_random: Final = random.SystemRandom()
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
CLIENTS: Final = ("httpx", "httpcore", "urllib3")
# Libraries that give their logger a handler of its own, in a form of its own.
OWN_HANDLERS: Final = ("faststream",)
NOISY: Final = ("aiokafka", "kafka", "faststream", "psycopg.pool")


class Trace(NamedTuple):
    """Where a fact stands in its trace."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @property
    def traceparent(self) -> str:
        """The W3C header that hands the trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def parse_traceparent(header: str | bytes | None) -> Trace | None:
    """The trace that a header states; None where there is none, or none that is right."""
    if header is None:
        return None
    text = header.decode("latin-1") if isinstance(header, bytes) else header
    found = _traceparent(text)
    return Trace(*found.groups()) if found else None


def next_span(header: str | bytes | None = None) -> Trace:
    """A new span under the trace of the header, or of a new trace where there is none."""
    parent = parse_traceparent(header)
    span_id = f"{_random.getrandbits(64) or 1:016x}"
    if parent is None:
        return Trace(f"{_random.getrandbits(128) or 1:032x}", span_id)
    return Trace(parent.trace_id, span_id, parent.flags)


@contextmanager
def traced(span: Trace) -> Iterator[Trace]:
    """Everything that is logged or sent within belongs to this trace."""
    parent = trace.SpanContext(
        int(span.trace_id, 16),
        int(span.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(span.flags, 16)),
    )
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
    try:
        yield span
    finally:
        context.detach(token)


def current_traceparent() -> str | None:
    """The header that hands on the trace under which this code runs."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def add_trace(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Binds the current trace to a log line, unless the line names its own."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event.setdefault("trace_id", f"{span.trace_id:032x}")
    return event


def mask_values(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Masks whatever looks like a phone number in any value of a log line but those that we make."""
    return {key: value if key in _OURS else _masked(value) for key, value in event.items()}


_MOBILES: Final = range(13_000_000_000, 20_000_000_000)
_OURS: Final = frozenset({"timestamp", "level", "service", "trace_id", "logger"})


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if type(value) is int and value in _MOBILES:
        return mask(str(value))
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, Mapping):
        return {mask(str(key)): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return mask(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


class RateLimit(logging.Filter):
    """Lets a few lines a second of each noisy logger through, and says how many it held back.

    `aiokafka` logs 40 to 75 lines a second while a broker is down.
    """

    def __init__(
        self, noisy: tuple[str, ...] = NOISY, *, burst: int = 5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._noisy = noisy
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        root = record.name.split(".", 1)[0]
        if not record.name.startswith(self._noisy):
            return True
        now = self._clock()
        tokens, since, held = self._buckets.get(root, (float(self._burst), now, 0))
        tokens = min(float(self._burst), tokens + now - since)
        if tokens < 1:
            self._buckets[root] = (tokens, now, held + 1)
            return False
        self._buckets[root] = (tokens - 1, now, 0)
        if held:
            record.held_back = held
        return True


def _add_held_back(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    record = event.get("_record")
    if record is not None and hasattr(record, "held_back"):
        event["held_back"] = record.held_back
    return event


def _to_json(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def configure_logging(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging as JSON lines to standard error, masked.

    A line that cannot be written fails nothing: see `shared.platform.telemetry.log_stream`.
    """

    def name_service(
        _logger: Any, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
        name_service,
    ]
    last: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        mask_values,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]
    out = cast(TextIO, log_to(stream if stream is not None else sys.stderr))
    minimum = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.addFilter(RateLimit())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _add_held_back],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(minimum)
    for library in OWN_HANDLERS:
        logger = logging.getLogger(library)
        logger.handlers[:] = []
        logger.propagate = True
    for client in CLIENTS:  # they log whole addresses, which may hold secrets
        logging.getLogger(client).setLevel(max(minimum, logging.WARNING))


def new_registry(service: str, version: str) -> CollectorRegistry:
    """A registry of one service's metrics, with those of its process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    build = Gauge(
        "panke_build_info", "The running service and its version", ["service", "version"], registry=registry
    )
    build.labels(service=service, version=version).set(1)
    lost = Gauge(
        "panke_log_lines_lost",
        "Lines of the log that could not be written since the start",
        registry=registry,
    )
    lost.set_function(lines_lost)
    return registry


def render_metrics(registry: CollectorRegistry) -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest(registry)
