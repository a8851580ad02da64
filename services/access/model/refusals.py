"""What access refuses, each with what it has to say."""

from __future__ import annotations


class AccessError(Exception):
    """Something is refused; the text is for whoever asked."""


class SignInRefusedError(AccessError):
    """Login, password or code are not right; which, is not told."""


class NotLinkedError(SignInRefusedError):
    """The provider vouches for somebody who has no account here."""


class LateReturnError(SignInRefusedError):
    """Somebody came back from the provider after the time for it."""


class CodeNeededError(AccessError):
    """The password is right, and a second factor is asked for."""


class TooManyAttemptsError(AccessError):
    """Too many failed: nobody is let in until then, with the right password neither."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class WeakPasswordError(AccessError):
    """The password would be guessed."""


class UnknownAccountError(AccessError):
    """There is no such account."""


class AccessConflictError(AccessError):
    """What is asked for contradicts what is there."""


class ProviderError(AccessError):
    """The provider said no, did not answer, or answered what must not be believed."""
