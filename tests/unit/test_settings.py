"""Settings come from the environment, and errors name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.platform.settings import (
    CommonSettings,
    Port,
    Seconds,
    SecretText,
    SettingsError,
    check_bind,
    load,
    unknown_variables,
    variables,
)


class DeskSettings(CommonSettings, frozen=True, kw_only=True):
    port: Port = 8001
    rulebooks: tuple[str, ...] = ("base@1",)
    pause: Seconds = 1.5
    token: SecretText | None = None


NEEDED = {"PANKE_DATABASE_URL": "postgresql://panke:hidden@127.0.0.1/panke", "PANKE_KAFKA": "127.0.0.1:9092"}


def test_settings_are_read_by_the_name_of_the_field() -> None:
    """Numbers, switches and lists are read from their texts; what is not given keeps its default."""
    given = {"PANKE_PORT": "8080", "PANKE_RULEBOOKS": "base@1, getian@1", "PANKE_TLS_PROXY": "true"}
    settings = load(DeskSettings, NEEDED | given)
    assert (settings.port, settings.rulebooks, settings.tls_proxy) == (8080, ("base@1", "getian@1"), True)
    assert (settings.host, settings.pause, settings.token) == ("127.0.0.1", 1.5, None)


def test_every_error_is_told_at_once_by_variable() -> None:
    """An operator sees all that is missing or wrong in one message."""
    with pytest.raises(SettingsError) as caught:
        load(DeskSettings, {"PANKE_KAFKA": "k:1", "PANKE_PORT": "99999", "PANKE_TLS_PROXY": "perhaps"})
    for name in ("PANKE_DATABASE_URL is required", "PANKE_PORT is wrong", "PANKE_TLS_PROXY is wrong"):
        assert name in str(caught.value)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """`PANKE_TOKEN_FILE` names the file that holds the token; the line break at its end is no part of it."""
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    assert load(DeskSettings, NEEDED | {"PANKE_TOKEN_FILE": str(file)}).token == "s3cret"


def test_a_secret_that_cannot_be_had_is_told_without_it(tmp_path: Path) -> None:
    """A file that is not there, and a secret given twice, are errors that show nothing."""
    with pytest.raises(SettingsError, match="PANKE_TOKEN_FILE names a file that cannot be read"):
        load(DeskSettings, NEEDED | {"PANKE_TOKEN_FILE": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match="both given") as caught:
        load(DeskSettings, NEEDED | {"PANKE_TOKEN_FILE": "x", "PANKE_TOKEN": "s3cret"})
    assert "s3cret" not in str(caught.value)


def test_secrets_are_never_shown() -> None:
    """Neither `repr` nor `str` of settings holds a secret."""
    settings = load(DeskSettings, NEEDED | {"PANKE_TOKEN": "s3cret"})
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "hidden" not in text
        assert "s3cret" not in text
        assert "8001" in text


def test_unknown_variables_are_warned_of_with_the_nearest_known() -> None:
    """A misspelt variable is not passed over in silence."""
    environ = NEEDED | {"PANKE_PROT": "1", "HOME": "/"}
    assert unknown_variables(DeskSettings, environ) == {"PANKE_PROT": "PANKE_PORT"}
    with capture_logs() as logs:
        load(DeskSettings, environ)
    assert [entry["variable"] for entry in logs] == ["PANKE_PROT"]


def test_every_variable_of_a_service_can_be_listed() -> None:
    """Secrets have two variables, other settings one."""
    names = variables(DeskSettings)
    assert {"PANKE_PORT", "PANKE_DATABASE_URL", "PANKE_DATABASE_URL_FILE", "PANKE_TOKEN_FILE"} <= names
    assert "PANKE_PORT_FILE" not in names


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    """Only this machine reaches a loopback address."""
    check_bind(load(DeskSettings, NEEDED | {"PANKE_HOST": host}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.8", "desk.example.com"])
def test_other_addresses_need_tls(host: str) -> None:
    """Nobody signs in over a line that others read: a service speaks TLS there, or its deployment says who does."""
    with pytest.raises(SettingsError, match="PANKE_TLS_CERT and PANKE_TLS_KEY, or say PANKE_TLS_PROXY=true"):
        check_bind(load(DeskSettings, NEEDED | {"PANKE_HOST": host}))
    check_bind(load(DeskSettings, NEEDED | {"PANKE_HOST": host, "PANKE_TLS_PROXY": "true"}))
    files = {"PANKE_TLS_CERT": "/c", "PANKE_TLS_KEY": "/k"}
    check_bind(load(DeskSettings, NEEDED | files | {"PANKE_HOST": host}))


@pytest.mark.parametrize("given", ["*", "proxy.example", "10.0.0.0/8; rm"])
def test_whose_word_is_believed_is_an_address_or_a_network(given: str) -> None:
    """Nobody believes everybody by a star, or whoever a name leads to."""
    with pytest.raises(SettingsError, match="PANKE_TRUSTED_PROXIES is wrong"):
        load(DeskSettings, NEEDED | {"PANKE_TRUSTED_PROXIES": given})
    taken = load(DeskSettings, NEEDED | {"PANKE_TRUSTED_PROXIES": "10.0.0.5, fd00::/8"})
    assert taken.trusted_proxies == ("10.0.0.5", "fd00::/8")


@pytest.mark.parametrize("alone", ["PANKE_TLS_CERT", "PANKE_TLS_KEY"])
def test_a_certificate_without_its_key_is_refused(alone: str) -> None:
    """On loopback too: whoever gives one of the two means TLS."""
    with pytest.raises(SettingsError, match="PANKE_TLS_CERT and PANKE_TLS_KEY go together"):
        check_bind(load(DeskSettings, NEEDED | {alone: "/c"}))


def test_settings_of_other_services_are_known() -> None:
    """One environment serves all of Panke: a setting of another service is no mistake, a misspelt one is."""
    others = {
        "PANKE_INTAKE_PORT": "1",
        "PANKE_ATTRIBUTION_BATCH": "1",
        "PANKE_NOTIFIER_SMTP_PASSWORD_FILE": "x",
    }
    others |= {
        "PANKE_RULEBOOK_FOLDER": "x",
        "PANKE_INTAKE_ADDRESS": "x",
        "PANKE_TEST_KAFKA": "x",
        "PANKE_LOCAL": "x",
    }
    misspelt = {"PANKE_NOTIFIER_SMPT_HOST": "x"}
    assert set(unknown_variables(DeskSettings, NEEDED | others | misspelt)) == set(misspelt)
