"""The compose file and the image, as far as they can be held to the project without a container engine."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from deploy.local.jars import VERSION as KAFKA_VERSION
from deploy.tls.certificates import CA, make_certificates
from shared.cli import command
from shared.platform.settings import ServingSettings, variables
from shared.sealing.keys import make_keys
from tests.support.parts import KAFKA_IMAGE, POSTGRES_IMAGE, eventually

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
# By the service whose settings they read.
SETTINGS = {
    "access": "access",
    "attribution": "attribution",
    "audit": "audit",
    "console": "console",
    "intake": "intake",
    "notifier": "notifier",
    "registers": "registers",
    "receipts": "notifier",
}
PORTS = {name: f"PANKE_{name.upper()}_PORT" for name in SETTINGS} | {
    "receipts": "PANKE_NOTIFIER_RECEIPTS_PORT"
}
OURS = tuple(SETTINGS)
# All but the console, which has neither a database nor a topic.
WITH_PARTS = tuple(name for name in OURS if name != "console")
ONCE = "database"
"""What brings the database up to date before the services start."""
END = (ONCE, "accounts", "kafka-users", "people-keys", "tls")
"""What runs once and ends."""
NOWHERE = {
    "PANKE_DATABASE_URL": "postgresql://panke@127.0.0.1:1/panke",
    "PANKE_KAFKA": "127.0.0.1:1",
    "PANKE_HOST": "127.0.0.1",
    "PANKE_NOTIFIER_RECEIPTS_HOST": "127.0.0.1",
}


@cache
def services() -> dict[str, dict[str, Any]]:
    """The services of the compose file, with its anchors resolved."""
    parsed: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return parsed["services"]


def folders_of(service: str) -> Iterator[tuple[str, str]]:
    """The folders of the checkout that a container is given: where it sees them, and where they are."""
    for mount in services()[service].get("volumes", []):
        source, target, *_ = mount.split(":")
        if source.startswith("./"):
            yield target, str(ROOT / source)


def settings_of(service: str) -> type[ServingSettings]:
    """The settings class that a service reads."""
    module = importlib.import_module(f"services.{SETTINGS[service]}.settings")
    found = [
        item
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, ServingSettings) and item.__module__ == module.__name__
    ]
    assert len(found) == 1
    return found[0]


def test_the_compose_file_fits_the_compose_specification() -> None:
    """Its schema is the specification's own."""
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_runs_every_service_and_their_parts() -> None:
    """Nothing that can be served is missing and nothing else is there; reports are taken only where that is asked."""
    serve = command().get_command(click.Context(command()), "serve")
    assert isinstance(serve, click.Group)
    assert set(OURS) == set(serve.list_commands(click.Context(serve)))
    assert set(services()) == {*OURS, *END, "kafka", "postgres"}
    apart = {name for name, service in services().items() if "profiles" in service}
    assert apart == {"receipts"}


@pytest.mark.parametrize("service", OURS)
def test_every_setting_in_the_compose_file_exists(service: str) -> None:
    """A variable that no service reads would be a mistake that nobody notices."""
    given = set(services()[service]["environment"])
    assert given <= variables(settings_of(service))
    assert "PANKE_TOKENS_FROM" in given
    if service in WITH_PARTS:
        assert {"PANKE_DATABASE_URL_FILE", "PANKE_KAFKA"} <= given


def test_no_service_is_given_the_password_of_the_owner() -> None:
    """The owner's own is with what runs once; each of the services sees the file of its own role alone."""
    urls = {name: one.get("environment", {}).get("PANKE_DATABASE_URL") for name, one in services().items()}
    assert {name for name, url in urls.items() if url} == {ONCE, "accounts"}
    written = {mount.split(":")[0]: mount.split("/")[-1] for mount in services()[ONCE]["volumes"]}
    for name in WITH_PARTS:
        (volume,) = (one.split(":")[0] for one in services()[name]["volumes"] if ":/srv/database" in one)
        assert written[volume] == SETTINGS[name]
        assert services()[name]["depends_on"][ONCE] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("service", [*OURS, ONCE, "tls"])
def test_every_command_in_the_compose_file_exists(service: str) -> None:
    """`panke` with the arguments of the container finds a command that can be loaded."""
    arguments = services()[service]["command"]
    done = CliRunner().invoke(command(), [*arguments, "--help"], prog_name="panke")
    assert done.exit_code == 0, done.output
    assert "cannot be loaded" not in done.output
    found: click.Command | None = command()
    for name in arguments[:2]:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)
    assert found is not None


@pytest.mark.parametrize("service", OURS)
def test_every_command_in_the_compose_file_starts(service: str, tmp_path: Path) -> None:
    """With the settings of its container the service comes to listen, though its parts are away."""
    folders = dict(folders_of(service))
    told_by_file = services()[service]["environment"]
    given = {name: folders.get(value, value) or "s" * 16 for name, value in told_by_file.items()}
    url = tmp_path / "database.url"
    url.write_text(NOWHERE["PANKE_DATABASE_URL"])
    make_certificates(tmp_path, [], datetime.now(UTC))
    apart = {
        PORTS[service]: "0",
        "PANKE_DATABASE_URL_FILE": str(url),
        "PANKE_KAFKA_CA": str(tmp_path / CA),
        "PANKE_CONSOLE_KEYS": str(tmp_path / "console.json"),
    }
    environment = {"PATH": os.environ["PATH"]} | given | NOWHERE | apart
    environment = {name: value for name, value in environment.items() if name in given or name == "PATH"}
    if "PANKE_KEYS" in environment:
        environment["PANKE_KEYS"] = str(tmp_path / "people.json")
        make_keys(tmp_path / "people.json")
    log = tmp_path / "log"
    with log.open("wb") as out:
        started = [sys.executable, "-m", "shared.cli", *services()[service]["command"]]
        process = subprocess.Popen(started, env=environment, cwd=ROOT, stdout=out, stderr=out)
    try:
        eventually(lambda: process.poll() is not None or b"http.listening" in log.read_bytes(), service, 60)
        told = [json.loads(line) for line in log.read_text().splitlines()]
        assert process.poll() is None, told
        assert not [line for line in told if line["event"] == "settings.unknown"]
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("service", OURS)
def test_what_is_mounted_is_there_and_read_only(service: str) -> None:
    """An engine would make a missing folder anew, as another user; nothing of ours writes into the checkout."""
    assert all(Path(source).exists() for _, source in folders_of(service))
    mounts = [mount for mount in services()[service].get("volumes", []) if mount.startswith("./")]
    assert all(mount.endswith(":ro") for mount in mounts)


@pytest.mark.parametrize("service", OURS)
def test_ports_are_published_on_loopback_only(service: str) -> None:
    """Nothing outside the machine reaches a service; health is asked on the same port."""
    port = services()[service]["environment"][PORTS[service]]
    assert services()[service]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"http://127.0.0.1:{port}/healthz" in services()[service]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("part", ["kafka", "postgres"])
def test_database_and_broker_are_not_published(part: str) -> None:
    """They are reached inside the compose network alone, and keep their data in a volume."""
    assert "ports" not in services()[part]
    assert services()[part]["volumes"]


def properties(path: str) -> dict[str, str]:
    lines = (line for line in (ROOT / path).read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_database_and_broker_are_spoken_to_by_tls_and_scram() -> None:
    """Nobody comes by a plain line but from inside their own containers, and everybody looks at the certificate."""
    hba = (ROOT / "deploy/postgres/pg_hba.conf").read_text().splitlines()
    rules = [line.split() for line in hba if line and not line.startswith("#")]
    assert [(kind, rest[-1]) for kind, *rest in rules] == [
        ("local", "scram-sha-256"),
        ("hostssl", "scram-sha-256"),
    ]
    assert "-cssl=on" in services()["postgres"]["command"]
    for name in (ONCE, "accounts"):
        url = services()[name]["environment"]["PANKE_DATABASE_URL"]
        assert url.endswith("?sslmode=verify-full&sslrootcert=/srv/trust/ca.pem")
        assert "trust:/srv/trust:ro" in services()[name]["volumes"]
    kafka = properties("deploy/kafka/server.properties")
    plain = [one for one in kafka["listeners"].split(",") if not one.startswith("SASL_SSL://")]
    assert all("://localhost:" in one for one in plain)
    for name in WITH_PARTS:
        given = services()[name]["environment"]
        assert given["PANKE_KAFKA_SECURITY"] == "SASL_SSL"
        assert "trust:/srv/trust:ro" in services()[name]["volumes"]
        secrets_of_the_authority = [one for one in services()[name]["volumes"] if one.startswith("tls")]
        assert secrets_of_the_authority == []


def test_every_service_has_a_healthcheck() -> None:
    """A dependency waits for health, so each that goes on must be able to tell it."""
    lasting = [service for name, service in services().items() if name not in END]
    assert all("test" in service["healthcheck"] for service in lasting)


def test_images_are_pinned_and_the_same_everywhere() -> None:
    """No image floats; the tests' containers and the embedded Kafka are of the versions of the compose
    file."""
    assert services()["kafka"]["image"] == KAFKA_IMAGE == f"apache/kafka:{KAFKA_VERSION}"
    assert services()["postgres"]["image"] == POSTGRES_IMAGE
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)


def test_the_image_runs_as_an_ordinary_user() -> None:
    """The last word on the user is a number above the system's own."""
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"


@pytest.mark.parametrize("part", ["kafka", "postgres"])
def test_the_official_images_run_as_ordinary_users(part: str) -> None:
    """Each is told to run as the user that its image brings."""
    assert services()[part]["user"] == {"kafka": "appuser", "postgres": "postgres"}[part]


def test_every_volume_that_is_mounted_is_kept() -> None:
    """Data outlives its container: each part mounts a volume that is declared, and none is declared for nothing."""
    mounts = [mount.split(":") for service in services().values() for mount in service.get("volumes", [])]
    mounted = {source for source, *_ in mounts if not source.startswith("./")}
    assert mounted == set(yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["volumes"])


def test_the_image_copies_only_what_exists_and_is_let_through() -> None:
    """Each path that the image copies is in the checkout and not held back by .dockerignore."""
    let_through = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }
    copied = [
        path
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for path in line.split()[:-1]
    ]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert path.split("/")[0] in let_through
