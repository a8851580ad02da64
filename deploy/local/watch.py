"""Starts again what has died, each part by itself, for as long as it takes.

A part that dies again while it is started, or soon after, is tried with growing pauses; the others are neither
stopped nor kept waiting for it.
"""

from __future__ import annotations

import threading
import time

from deploy.local.part import Part
from deploy.local.stack import Say, Stack
from shared.i18n import translated

_LOOK_SECONDS = 0.5
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
# A part that has run for so long did not die of its start.
_STEADY_SECONDS = 60.0


class Watch:
    """A thread for each part of a stack, which looks whether it lives."""

    def __init__(self, stack: Stack, say: Say) -> None:
        self._stack = stack
        self._say = say
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Until interrupted; services are begun once the addresses of what they need are known."""
        for part in self._stack.embedded:
            self._look_after(part)
        while not self._stack.services:
            if all(part.attach() for part in self._stack.embedded):
                self._stack.services = self._stack.make_services(self._stack.addresses())
                break
            self._over.wait(_LOOK_SECONDS)
        for service in self._stack.services:
            self._look_after(service)
        self._over.wait()

    def stop(self) -> None:
        """Stop every part, also one that is just being started."""
        self._over.set()
        self._stack.stop(self._say)
        for thread in self._threads:
            thread.join()
        self._stack.stop(self._say)

    def _look_after(self, part: Part) -> None:
        thread = threading.Thread(target=self._keep, args=(part,), name=f"watch-{part.name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _keep(self, part: Part) -> None:
        pause, began = _FIRST_PAUSE, time.monotonic()
        while not self._over.wait(_LOOK_SECONDS):
            if part.attach():
                continue
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            self._again(part, pause)
            began = time.monotonic()
            self._over.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _again(self, part: Part, pause: float) -> None:
        self._say(f"{part.name}: {translated('it ended and is started again').beside}, log {part.log}")
        try:
            self._stack.begin(part)
        except Exception as error:  # whatever keeps a part from starting may pass, and ends no other
            if not self._over.is_set():
                again = translated("tried again in {seconds} s", seconds=f"{pause:.0f}")
                self._say(f"{error}\n{part.name}: {again.beside}")
