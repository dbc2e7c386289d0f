"""What people with Docker get: a valid file that brings the same stack, closed to others."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from jsonschema.validators import validator_for
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads(
        files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    )
    validator = validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    assert list(validator.iter_errors({**COMPOSE, "services": {"api": {"comand": "serve"}}}))


def test_it_brings_the_same_services_as_the_embedded_stack() -> None:
    assert {name: each.get("image") for name, each in SERVICES.items()} == {
        "neo4j": "neo4j:5.26-community",
        "postgres": "postgres:18",
        "api": "mge:0.1.0",
        "worker": "mge:0.1.0",
    }
    assert all("healthcheck" in SERVICES[name] for name in ("neo4j", "postgres", "api"))
    assert {volume.split(":")[0] for name in SERVICES for volume in SERVICES[name].get("volumes", [])} == set(
        COMPOSE["volumes"]
    )


def test_every_port_is_of_this_machine_alone() -> None:
    ports = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_is_in_the_file() -> None:
    secret = {
        f"{name}.{key}": value
        for name, each in SERVICES.items()
        for key, value in each["environment"].items()
        if key in ("DATABASE_URL", "NEO4J_AUTH") or "PASSWORD" in key
    }
    assert len(secret) == 6
    assert all("_PASSWORD:?" in value for value in secret.values())


def test_the_image_installs_only_what_is_locked_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    installs = [part for line in lines for part in line.split("&&") if "pip install" in part]
    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-deps --no-build-isolation" in part for part in installs)
    assert [line for line in lines if line.startswith("USER")] == ["USER mge"]
