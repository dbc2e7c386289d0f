"""The `mge` command.

Exit codes: 0 done; 1 a fault of ours; 2 bad input; 3 not found; 4 a conflict; 5 a store or service is down;
6 the stack cannot start; 7 a migration failed; 8 as much as may run at once runs; 130 interrupted. `app.errors` draws which error is which.
"""

from __future__ import annotations

import sys

from app.errors import MgeError


def main() -> None:
    """Run the command; errors become a message, a hint and an exit code."""
    try:
        # Imported here, so that Ctrl-C is answered properly from the first moment.
        import typer

        from app.cli import output
        from app.cli.command import app
        from app.cli.environment import settings_error

        try:
            sys.exit(app(standalone_mode=False))
        except MgeError as error:
            output.fail(error)
            sys.exit(error.exit_code)
        except typer.TyperException as error:
            output.say(f"error: {error.format_message()}")
            output.say("hint:  mge --help, or mge COMMAND --help")
            sys.exit(2)
        except typer.Abort:
            raise KeyboardInterrupt from None
        except (BrokenPipeError, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001 - the last line before the user
            refused = settings_error(error)
            if refused is not None:
                output.fail(refused)
                sys.exit(refused.exit_code)
            output.fail_unexpectedly(error)
            sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was changed\n")
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`mge plans | head`) has seen enough.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
