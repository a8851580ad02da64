"""TLS as a service speaks it itself, where no proxy does: by a certificate and a key in files."""

from __future__ import annotations

import ssl

from shared.i18n import bilingual
from shared.platform.settings import Bindable, SettingsError, variable


def tls_context(settings: Bindable) -> ssl.SSLContext | None:
    """By the files of the settings, TLS 1.2 at least; None where none are given. Raises `SettingsError`."""
    if not settings.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An encrypted key would ask for its password on the terminal: it is told as one that cannot be read.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_none)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else None
        raise SettingsError(
            bilingual(
                "{cert}, {key}: no certificate and key that belong together can be read: {reason}",
                cert=variable("tls_cert"),
                key=variable("tls_key"),
                reason=reason or getattr(error, "reason", None) or type(error).__name__,
            )
        ) from None
    return context


def _none() -> str:
    return ""
