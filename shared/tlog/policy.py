"""Which logs and witnesses are trusted, and whose cosignatures a checkpoint needs (C2SP tlog-policy).

log <vkey> [<url>]
witness <name> <vkey> [<url>]
group <name> all|any|<k> <name>...
quorum <name>|none
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.i18n import bilingual
from shared.tlog.errors import TlogError
from shared.tlog.notes import COSIGNATURE, ED25519, SignedNote, Verifier, read_vkey, verified_by

NONE: Final = "none"


class BadPolicyError(TlogError):
    """A policy file that cannot be gone by; the text names the line."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its name in the policy; `url` is its submission prefix."""

    name: str
    verifier: Verifier
    url: str | None


@dataclass(frozen=True, slots=True)
class _Group:
    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """What a policy file says."""

    logs: tuple[Verifier, ...] = ()
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    groups: Mapping[str, _Group] = field(default_factory=dict)
    quorum: str = NONE

    def met_by(self, names: Collection[str]) -> bool:
        """Whether the cosignatures of these witnesses are enough."""
        return self.quorum == NONE or self._witnessed(self.quorum, names)

    def demand(self, note: SignedNote) -> Sequence[str]:
        """The names of the witnesses that have signed; raises a `TlogError` where these are not enough."""
        names = self.cosigners(note)
        if not self.met_by(names):
            raise BadPolicyError(
                bilingual(
                    "the cosignatures are not enough: {quorum} of the policy wants more than {names}",
                    quorum=self.quorum, names=", ".join(names) or "-",
                )
            )  # fmt: skip
        return names

    def cosigners(self, note: SignedNote) -> Sequence[str]:
        """The names of the witnesses whose cosignatures hold."""
        verified = {
            one.verifier for one in verified_by(note, [one.verifier for one in self.witnesses.values()])
        }
        return [name for name, one in self.witnesses.items() if one.verifier in verified]

    def _witnessed(self, name: str, names: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        return sum(self._witnessed(member, names) for member in group.members) >= group.least


@dataclass(slots=True)
class _PolicyReading:
    logs: dict[bytes, Verifier] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    quorum: str | None = None

    def take(self, words: Sequence[str]) -> str | None:
        """One line; answers what is wrong with it."""
        match words:
            case ["log", vkey, *rest] if len(rest) < 2:
                return self._log(read_vkey(vkey))
            case ["witness", name, vkey, *rest] if len(rest) < 2:
                return self._witness(name, read_vkey(vkey), rest[0] if rest else None)
            case ["group", name, least, *members] if members:
                return self._group(name, least, members)
            case ["quorum", name] if self.quorum is None:
                self.quorum = name
                return None if name == NONE else self._unknown([name])
        return bilingual("it is none of: log, witness, group, and one quorum")

    def _log(self, verifier: Verifier) -> str | None:
        if verifier.kind != ED25519 or verifier.public in self.logs:
            return bilingual("the key is no key of a log, or stands there twice")
        self.logs[verifier.public] = verifier
        return None

    def _witness(self, name: str, verifier: Verifier, url: str | None) -> str | None:
        known = {one.verifier.public for one in self.witnesses.values()}
        if verifier.kind != COSIGNATURE or verifier.public in known:
            return bilingual("the key is no key of a witness, or stands there twice")
        if (wrong := self._taken(name)) is not None:
            return wrong
        self.witnesses[name] = Witness(name, verifier, url)
        return None

    def _group(self, name: str, least: str, members: Sequence[str]) -> str | None:
        counted = {"all": len(members), "any": 1}.get(least)
        if counted is None:
            counted = int(least) if least.isascii() and least.isdigit() else 0
        if not 1 <= counted <= len(members) or len(set(members)) < len(members):
            return bilingual("a group wants all, any, or a number up to that of its members, each once")
        if (wrong := self._taken(name) or self._unknown(members)) is not None:
            return wrong
        self.groups[name] = _Group(counted, tuple(members))
        return None

    def _taken(self, name: str) -> str | None:
        if name == NONE or name in self.witnesses or name in self.groups:
            return bilingual("the name {name} is taken", name=name)
        return None

    def _unknown(self, names: Sequence[str]) -> str | None:
        for name in names:
            if name not in self.witnesses and name not in self.groups:
                return bilingual("no line above names {name}", name=name)
        return None


def parse_policy(text: str) -> WitnessPolicy:
    """What the file says; raises `BadPolicyError` with the number of the line."""
    reading = _PolicyReading()
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            wrong = reading.take(words)
        except TlogError as error:
            wrong = str(error)
        if wrong is not None:
            raise BadPolicyError(bilingual("line {number}: {wrong}", number=number, wrong=wrong))
    if reading.quorum is None:
        raise BadPolicyError(bilingual("the policy says no quorum"))
    logs = tuple(reading.logs.values())
    return WitnessPolicy(logs, reading.witnesses, reading.groups, reading.quorum)
