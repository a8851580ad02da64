"""Why a connection did not come about, in words that somebody can mend: a certificate is not "not reached"."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator

from shared.i18n import bilingual


def connect_time(timeout: float) -> float:
    """How much of the time of a call its connection may take.

    With all of it, the call as a whole would be over first, and one that never reached anybody be taken for one whose
    answer was lost.
    """
    return timeout / 2


def reached_not(error: BaseException) -> str:
    """What is said of a connection that was not made: nothing was sent over it."""
    return f"not reached: {tls_fault(error) or type(error).__name__}"


def tls_fault(error: BaseException | None) -> str | None:
    """The fault of TLS behind an error, whatever it was wrapped in; None where there is none."""
    for one in wrapped(error, lambda outer: (getattr(outer, "reason", None), *outer.args)):
        if isinstance(one, ssl.SSLCertVerificationError):
            return bilingual(
                "the certificate is not accepted: {verify_message}", verify_message=one.verify_message
            )
        if isinstance(one, ssl.SSLError):
            return bilingual("TLS failed: {reason}", reason=one.reason or type(one).__name__)
    return None


def wrapped(
    error: BaseException | None, more: Callable[[BaseException], Iterable[object]]
) -> Iterator[BaseException]:
    """An error and all that it was made of, the outermost first; `more` is where a library keeps that besides."""
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        one = queue.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            yield one
            seen.append(one)
            queue += [one.__cause__, one.__context__, *more(one)]
