"""Writes ``artifacts.lock`` anew: ``python -m app.stack.lock`` (needs the network, takes minutes)."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext

from app.stack.artifacts import LOCK

NEO4J_VERSION = "5.26.30"
BROWSER_VERSION = "5.24.0"

ENDPOINT = "+".join(
    (
        f"org.neo4j:neo4j:{NEO4J_VERSION}",
        f"org.neo4j.app:neo4j-server:{NEO4J_VERSION}",
        f"org.neo4j.client:neo4j-browser:{BROWSER_VERSION}",
    )
)

HEAD = f"""\
# The jars of {ENDPOINT}
# Written by `python -m app.stack.lock`: coordinate, SHA-256, bytes.
"""


def resolve() -> str:
    """The text of the lock file for `ENDPOINT`, resolved and fetched afresh into a folder that is then deleted."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder, "repository"))
        environment = EnvironmentBuilder(context=context, cache_dir=Path(folder, "cache")).from_endpoint(
            ENDPOINT
        )
        sizes = {path.name: path.stat().st_size for path in environment.path.rglob("*.jar")}
        lock = tomllib.loads((environment.path / "jgo.lock.toml").read_text())
    lines = []
    for jar in lock["dependencies"]:
        parts = [
            jar["groupId"],
            jar["artifactId"],
            jar["version"],
            *([jar["classifier"]] if "classifier" in jar else []),
        ]
        lines.append(f"{':'.join(parts)} {jar['sha256']} {sizes['-'.join(parts[1:]) + '.jar']}\n")
    return HEAD + "".join(sorted(lines))


if __name__ == "__main__":
    LOCK.write_text(resolve())
