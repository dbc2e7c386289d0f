"""Imports modules one after the other inside the sandbox, and reports each over the channel as a line of JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

WORK = "/work/"
MOST_CHARACTERS = 2000
CHANNEL = int(os.environ.pop("SANDBOX_CHANNEL"))
os.set_inheritable(CHANNEL, False)


def tell(kind: str, **fields: object) -> None:
    data = json.dumps({"kind": kind, **fields}).encode() + b"\n"
    while data:
        data = data[os.write(CHANNEL, data) :]


def described(error: BaseException) -> dict[str, object]:
    place: tuple[str, int] | None = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(WORK):
            place = frame.f_code.co_filename, line
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(WORK):
        place = error.filename, error.lineno or 1
    return {
        "type": type(error).__name__,
        "message": text(error),
        "path": place[0].removeprefix(WORK) if place else "",
        "line": place[1] if place else 0,
    }


def text(error: BaseException) -> str:
    try:
        return str(error)[:MOST_CHARACTERS]
    except Exception:  # noqa: BLE001 - the text is made by the code under test
        return ""


def main() -> None:
    plan: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    sys.path[:0] = plan["python_path"]
    for name in plan["modules"]:
        tell("begin", module=name)
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit too
            tell("raised", module=name, **described(error))
        else:
            tell("imported", module=name)


if __name__ == "__main__":
    main()
