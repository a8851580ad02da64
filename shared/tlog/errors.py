"""What is wrong with a log, its proofs and its notes."""

from __future__ import annotations


class TlogError(ValueError):
    """What was given is not what it should be; the text says why, in both languages."""


class BadProofError(TlogError):
    """A proof that does not prove what it is held against."""


class BadNoteError(TlogError):
    """No signed note, or one that no known key has signed."""


class BadTileError(TlogError):
    """No tile or bundle of the size that its place asks for."""


class BadLeafError(TlogError):
    """An entry that is no leaf of this log in its one right form."""
