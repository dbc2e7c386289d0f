"""The `mge` command.

Exit codes: 0 done; 1 internal error; 2 bad input; 3 not found; 4 a conflict; 5 a store or service is down;
6 the stack cannot start; 7 a migration failed; 8 concurrency limit reached; 130 interrupted. `app.errors` draws which error is which.

Ctrl-C ends the command with 130 at any moment. While modules are imported, and after the work, it ends the process at once;
during the work it raises KeyboardInterrupt, so that what was begun is undone; once Python takes itself apart, when it would
kill the process with a signal, it is ignored. Before `main` runs, the moment is Python's own.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

# Nothing else is imported before `main` has decided what Ctrl-C does.


def main() -> None:
    """Run the command; errors become a message, a hint and an exit code."""
    try:
        import signal

        # A shell that starts the command in the background has it ignore Ctrl-C, and so it stays.
        heeded = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
        if heeded:
            import atexit

            signal.signal(signal.SIGINT, _interrupted)
            sys.unraisablehook = _unraisable
            # Registered first, so that it is done last.
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        code = _run(heeded=heeded)
        if heeded:
            signal.signal(signal.SIGINT, _interrupted)
    except KeyboardInterrupt:
        # Not by sys.exit: where the exception came out of an exec of text, as dataclasses do them, Python would
        # remember it and kill itself with SIGINT in the end.
        _interrupted()
    sys.exit(code)


def _run(*, heeded: bool) -> int:
    import signal
    from contextlib import suppress

    import typer

    from app.cli import output
    from app.cli.command import app
    from app.cli.environment import settings_error
    from app.errors import MgeError

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except MgeError as error:
        output.fail(error)
        return error.exit_code
    except typer.TyperException as error:
        output.say(f"error: {error.format_message()}")
        output.say("hint:  mge --help, or mge COMMAND --help")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        with suppress(OSError):
            sys.stdout.flush()
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        # The reader (`mge plans | head`) has seen enough; what is still in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last line before the user
        refused = settings_error(error)
        if refused is not None:
            output.fail(refused)
            return refused.exit_code
        output.fail_unexpectedly(error)
        return 1
    return int(code or 0)


def _interrupted(number: int = 0, frame: FrameType | None = None) -> None:
    """End the process at once, as interrupted."""
    try:
        os.write(2, b"interrupted; nothing is left half done\n")
    finally:
        os._exit(130)


def _unraisable(raised: sys.UnraisableHookArgs) -> None:
    """Heed a Ctrl-C that fell into a finalizer, where Python would print it and go on."""
    if raised.exc_type is KeyboardInterrupt:
        _interrupted()
    sys.__unraisablehook__(raised)


if __name__ == "__main__":
    main()
