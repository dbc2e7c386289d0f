"""Loopback ports: the usual one, else the one used before, else a free one."""

from __future__ import annotations

import socket
from collections.abc import Collection

from app.errors import StackError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    with socket.socket() as client:  # a listener on all addresses does not stop the bind everywhere
        client.settimeout(0.5)
        return client.connect_ex((LOOPBACK, port)) != 0


def choose(
    setting: str, chosen: int | None, earlier: int | None, usual: int, taken: Collection[int] = ()
) -> int:
    """A port to listen on, not among ``taken``: ``chosen``, or else ``earlier``, ``usual`` or any free one.

    Raises `StackError`, naming ``setting``, where the user chose a port that is taken.
    """
    if chosen is not None:
        if chosen in taken or not is_free(chosen):
            raise StackError(
                f"port {chosen} is taken",
                hint=f"choose another {setting}, or unset it to get a free port",
                field=setting,
            )
        return chosen
    for port in (earlier, usual):
        if port is not None and port not in taken and is_free(port):
            return port
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
