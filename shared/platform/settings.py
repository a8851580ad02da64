"""Typed settings from the environment, read by composition roots and by nothing else.

A setting `field` comes from `PANKE_FIELD`. A secret may come from a file instead, named by
`PANKE_FIELD_FILE`, as container engines mount them, and is never shown. Errors name the variable and never
repeat its value.
"""

import difflib
import ipaddress
import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

import msgspec
import structlog
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

from shared.i18n import bilingual, translated
from shared.platform.brokers import PLAIN, SASL, Brokers, Mechanism, Security
from shared.platform.connection_string import wrong_with

PREFIX: Final = "PANKE_"
FILE: Final = "_FILE"
GROUP: Final = "panke.settings"
_OF_COMMANDS: Final = frozenset(
    {
        "PANKE_LOCAL",
        "PANKE_INTAKE_ADDRESS",
        "PANKE_ATTRIBUTION_ADDRESS",
        "PANKE_NOTIFIER_ADDRESS",
        "PANKE_ACCESS_ADDRESS",
        "PANKE_SESSION_FILE",
        "PANKE_DATABASE_ROLES",
    }
)
"""What commands read without being a service."""
_OF_TESTS: Final = "PANKE_TEST_"

SecretText = Annotated[str, Meta(min_length=1, extra={"secret": True})]
"""A text that is never shown, and that may come from a file."""

ConnectionString = Annotated[str, Meta(min_length=1, extra={"secret": True, "postgresql": True})]
"""How a PostgreSQL is reached; one that cannot reach any is refused, and never shown."""

Port = Annotated[int, Meta(ge=0, le=65_535)]
Seconds = Annotated[float, Meta(gt=0)]
HostName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$")]
"""The name of a host, without a port."""
NetworkText = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")]
"""An address, or a network as `10.0.0.0/8`."""
Count = Annotated[int, Meta(ge=1)]


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names each variable."""


class Bindable(Protocol):
    """What says on which address a service listens."""

    @property
    def host(self) -> str: ...
    @property
    def tls_cert(self) -> str: ...
    @property
    def tls_key(self) -> str: ...
    @property
    def tls_proxy(self) -> bool: ...


class ServingSettings(Struct, frozen=True, kw_only=True):
    """What everything that serves needs to know, also what has neither a database nor a topic."""

    host: str = "127.0.0.1"
    tls_cert: Annotated[str, Meta(description="path of the certificate chain, PEM")] = ""
    tls_key: Annotated[str, Meta(description="path of its private key, PEM")] = ""
    tls_proxy: bool = False
    trusted_proxies: tuple[NetworkText, ...] = ()
    allowed_hosts: tuple[HostName, ...] = ()
    demonstration: bool = False
    clock: str = "system"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    tokens_from: Annotated[
        str, Meta(description="the address of access, or the path of a set of public keys")
    ] = ""
    tokens_issuer: Annotated[str, Meta(min_length=1)] = "panke"
    caller_requests: Count = 1200

    def __repr__(self) -> str:
        """All settings but the secrets, so that a log of them may be kept."""
        shown = (
            f"{field.name}={'…' if is_secret(field) else repr(getattr(self, field.name))}"
            for field in fields(self)
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    __str__ = __repr__


class BrokerSettings(ServingSettings, frozen=True, kw_only=True):
    """Where the brokers are, and how they are spoken to."""

    kafka: Annotated[str, Meta(min_length=1, description="bootstrap servers, host:port[,host:port]")]
    kafka_security: Security = "PLAINTEXT"
    kafka_ca: Annotated[str, Meta(description="path of the authority's certificate, PEM")] = ""
    kafka_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretText | None = None

    @property
    def brokers(self) -> Brokers:
        """As clients are made by; raises `SettingsError` where the settings do not fit together."""
        names = {name: variable(f"kafka_{name}") for name in ("security", "ca", "username", "password")}
        signs_in = bool(self.kafka_username or self.kafka_password)
        if (self.kafka_security == SASL) != signs_in or bool(self.kafka_username) != bool(
            self.kafka_password
        ):
            raise SettingsError(
                bilingual(
                    "{username} and {password} go together, and with {security}=SASL_SSL alone", **names
                )
            )
        if self.kafka_ca and self.kafka_security == PLAIN:
            raise SettingsError(bilingual("{ca} goes with {security}=SASL_SSL or SSL", **names))
        brokers = Brokers(
            self.kafka, self.kafka_security, self.kafka_ca, self.kafka_mechanism, self.kafka_username,
            self.kafka_password or "",
        )  # fmt: skip
        try:
            brokers.secured()
        except OSError:
            raise SettingsError(
                bilingual("{ca} names no file with a certificate of an authority", **names)
            ) from None
        return brokers


class CommonSettings(BrokerSettings, frozen=True, kw_only=True):
    """What every service needs to know that takes part in how a fact flows."""

    database_url: ConnectionString
    topic_prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    topic_poll: Seconds = 15.0
    keys: Annotated[str, Meta(description="path of the file of keys")] = ""
    vault_url: SecretText | None = None
    machine: Annotated[str, Meta(description="path of the file by which the service signs in itself")] = ""


S = TypeVar("S", bound=ServingSettings)


def load(settings: type[S], environ: Mapping[str, str] | None = None) -> S:
    """The settings of a service; what is wrong is told all at once, what is unknown is warned of."""
    environ = os.environ if environ is None else environ
    found = read(settings, environ)
    for name, near in unknown_variables(settings, environ).items():
        structlog.get_logger().warning("settings.unknown", variable=name, did_you_mean=near)
    return found


def read(settings: type[S], environ: Mapping[str, str]) -> S:
    """These settings alone, for a command; what is wrong is told all at once."""
    known = fields(settings)
    wrong: list[str] = []
    values: dict[str, Any] = {}
    for field in known:
        try:
            text = _text(field, environ)
            if text is not None:
                values[field.name] = _value(field, text)
            elif field.required:
                wrong.append(f"{variable(field.name)} is required")
        except SettingsError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings(**values)


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def port_variable(settings: object) -> str:
    """The environment variable behind the `port` of a service's settings, which has the service in its name."""
    if not isinstance(settings, ServingSettings):
        return variable("port")
    port = getattr(settings, "port", None)
    ports = [field.name for field in fields(type(settings)) if field.name.endswith("port")]
    return variable(min((name for name in ports if getattr(settings, name) == port), key=len, default="port"))


def variables(settings: type[ServingSettings]) -> frozenset[str]:
    """Every environment variable that a service reads."""
    return frozenset(_names(fields(settings)))


def unknown_variables(settings: type[ServingSettings], environ: Mapping[str, str]) -> dict[str, str | None]:
    """The variables with our prefix that nothing here reads, each with the nearest that the service does.

    One environment often serves all of Panke: a setting of another service is none of this one, and is known.
    """
    known = variables(settings)
    found = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    others = others_variables() if found else frozenset()
    found = [name for name in found if name not in others and not name.startswith(_OF_TESTS)]
    return {name: next(iter(difflib.get_close_matches(name, known, n=1)), None) for name in found}


@cache
def registered_settings() -> Mapping[str, type[ServingSettings]]:
    """What each service reads, by its name, from the entry points of the group `panke.settings`.

    A part that cannot be loaded is left out: it says so itself where it is started. Looked up once, since every
    package that is installed is asked for it.
    """
    found = {}
    for entry in metadata.entry_points(group=GROUP):
        try:
            found[entry.name] = entry.load()
        except Exception:  # noqa: S112 - as said above
            continue
    return found


def others_variables() -> frozenset[str]:
    """Every variable that a part of Panke reads."""
    return _OF_COMMANDS.union(*map(variables, registered_settings().values()))


def check_bind(settings: Bindable) -> None:
    """Refuses any address but loopback where what is said there could be read on the way."""
    cert, key, proxy = (variable(name) for name in ("tls_cert", "tls_key", "tls_proxy"))
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError(bilingual("{cert} and {key} go together", cert=cert, key=key))
    if settings.tls_cert or settings.tls_proxy or is_loopback(settings.host):
        return
    raise SettingsError(
        bilingual(
            "{host} is no address of this machine alone, and nobody signs in over a line that others read: "
            "give {cert} and {key}, or say {proxy}=true where a proxy in front of it speaks TLS, and reaches it "
            "by a line of its own",
            host=variable("host"),
            cert=cert,
            key=key,
            proxy=proxy,
        )
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is never to be shown."""
    return _marked(field.type, "secret")


def _marked(kind: Any, word: str) -> bool:
    marks = getattr(kind, "__metadata__", ())
    if any(isinstance(m, Meta) and m.extra is not None and m.extra.get(word) for m in marks):
        return True
    return any(_marked(part, word) for part in getattr(kind, "__args__", ()))


def _names(known: Iterable[FieldInfo]) -> Iterable[str]:
    for field in known:
        yield variable(field.name)
        if is_secret(field):
            yield variable(field.name) + FILE


def _text(field: FieldInfo, environ: Mapping[str, str]) -> str | None:
    name = variable(field.name)
    text = environ.get(name)
    path = environ.get(name + FILE) if is_secret(field) else None
    if path is None:
        return text
    if text is not None:
        raise SettingsError(
            bilingual("{setting} and {other} are both given; keep one", setting=name, other=name + FILE)
        )
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else translated("no UTF-8")
        raise SettingsError(
            bilingual("{setting} names a file that cannot be read: {why}", setting=name + FILE, why=why)
        ) from None


def _value(field: FieldInfo, text: str) -> Any:
    """Lists are written with commas; the rest as in JSON, without quotation marks."""
    raw: object = text
    if _is_list(field.type):
        raw = [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = msgspec.convert(raw, field.type, strict=False)
    except msgspec.ValidationError as refusal:
        told = "is wrong" if is_secret(field) else f"is wrong: {refusal}"
        raise SettingsError(f"{variable(field.name)} {told}") from None
    if _marked(field.type, "postgresql") and (reason := wrong_with(text)) is not None:
        raise SettingsError(f"{variable(field.name)} is wrong: {reason}")
    return value


def _is_list(kind: Any) -> bool:
    kind = getattr(kind, "__origin__", kind) if hasattr(kind, "__metadata__") else kind
    return getattr(kind, "__origin__", kind) in (tuple, list, frozenset)
