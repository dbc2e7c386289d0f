"""What a program writes, kept up to a number of bytes: its beginning and its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_CHUNK: Final = 65536


@dataclass(slots=True)
class Kept:
    """Output of which at most ``limit`` bytes are kept, half of them from its end."""

    limit: int
    total: int = 0
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = self.limit - self.limit // 2 - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        del self.tail[: max(len(self.tail) - self.limit // 2, 0)]

    @property
    def left_out(self) -> int:
        return self.total - len(self.head) - len(self.tail)

    def text(self) -> str:
        """Returns what is kept, with a line that says where something is missing and how much."""
        if not self.left_out:
            return (self.head + self.tail).decode(errors="replace")
        gap = f"\n… {self.left_out} bytes left out …\n"
        return self.head.decode(errors="replace") + gap + self.tail.decode(errors="replace")


async def keep(stream: asyncio.StreamReader, kept: Kept, most: int, flooded: Callable[[], None]) -> None:
    """Reads to the end, however much it is; calls ``flooded`` once more than ``most`` bytes came."""
    while data := await stream.read(_CHUNK):
        before = kept.total
        kept.add(data)
        if before <= most < kept.total:
            flooded()


async def open_reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    """Returns a reader of a pipe's end, which then belongs to the transport."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader, transport
