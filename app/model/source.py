"""What is read in: files as bytes under a path that is relative to the plan's root."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a plan: ``path`` is relative, with ``/``; ``data`` is exactly what was on disk."""

    path: str
    data: bytes
