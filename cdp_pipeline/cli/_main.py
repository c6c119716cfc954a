"""Dispatch: finds the command, runs it, and turns errors into one line and an exit code."""

from __future__ import annotations

import argparse
import difflib
import errno
import gc
import io
import os
import platform
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from cdp_pipeline.cli._common import CommandError, UsageError

# command → module of this package, in the order in which --help lists them. Only the module of the command that is
# called is imported: what all of them need together takes longer than many a command.
MODULES = {
    "demo": "demo",
    "generate": "generate",
    "run": "run",
    "backfill": "backfill",
    "dev": "dev",
    "resolve": "identity_commands",
    "evaluate": "evaluate_commands",
    "explain": "explain_commands",
    "model": "model_commands",
    "profile": "profile",
    "segment": "segment",
    "audience": "audience",
    "features": "features",
    "metric": "metric",
    "steward": "steward",
    "analytics": "analytics",
    "quality": "quality",
    "quarantine": "quarantine",
    "source": "source",
    "connect": "connect",
    "publish": "publish",
    "privacy": "privacy",
    "key": "key",
    "serve": "serve",
    "backup": "backup",
    "alert": "alert",
    "doctor": "doctor",
}

DONE, FAILED, USAGE = 0, 1, 2


class Parser(argparse.ArgumentParser):
    """argparse with one line on stderr instead of the usage text, and the nearest command for an unknown one."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        choices = [str(choice) for choice in action.choices or ()]
        if choices and value not in choices:
            near = difflib.get_close_matches(str(value), choices, 1)
            hint = f", did you mean '{near[0]}'?" if near else f": one of {', '.join(choices)}"
            option = "/".join(action.option_strings) or action.metavar
            what = "command" if isinstance(action, argparse._SubParsersAction) else f"value for {option}"
            raise UsageError(f"{self.prog}: unknown {what} '{value}'{hint}")


class _Version(argparse.Action):
    """Prints the version of the platform, and those of the parts that decide what it computes, in one line."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        parts = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "splink", "dbt-core", "dagster"))
        print(f"cdp {version('cdp-platform')} (Python {platform.python_version()}, {parts})")
        parser.exit()


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of `command`, or of all commands where it is none of them.

    A command sets ``run``, a function from its arguments to an exit code.
    """
    parser = Parser(prog="cdp", description="Self-hosted customer data platform.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print versions and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for module in [MODULES[command]] if command in MODULES else MODULES.values():
        import_module(f"cdp_pipeline.cli.{module}").register(commands)
    return parser


def tune_process() -> None:
    """Set what suits a process that runs once: to be called before NumPy is imported."""
    # The matrices of the models are small: threads wait for each other longer than they multiply, and where other
    # processes hold the cores many times as long. NumPy and SciPy read it when they are imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Modules and definitions of a run are millions of objects that stay: looking through them again and again for
    # garbage was a fifth of the processor time of its start.
    gc.set_threshold(50_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done; 1 failed, nothing half-written; 2 bad usage or bad input.

    Every failure is one line on standard error that says what and where. Set ``CDP_TRACEBACK=1`` to see an
    unexpected error's origin as well.
    """
    tune_process()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has no letters for a name shows their codes; the command does not fail for it.
            stream.reconfigure(errors="backslashreplace")
    try:
        given = sys.argv[1:] if argv is None else argv
        parser = build_parser(given[0] if given else None)
        arguments = parser.parse_args(given)
        if not hasattr(arguments, "run"):
            parser.print_help()
            return DONE if argv is None and len(sys.argv) == 1 else USAGE
        return int(arguments.run(arguments))
    except UsageError as error:
        return _say(USAGE, str(error))
    except CommandError as error:
        return _say(FAILED, str(error))
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough; a second error at shutdown would only confuse.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return _say(FAILED, "stopped")
    except Exception as error:
        return _say(*_classify(error))


def _classify(error: Exception) -> tuple[int, str]:
    """Exit code and line for an error that a command let through."""
    from cdp_pipeline.home import HomeError
    from cdp_pipeline.inputs import InputsError
    from cdp_pipeline.privacy.errors import SubjectError
    from cdp_pipeline.settings import SettingsError
    from cdp_pipeline.sources.contract import ContractError
    from identity.errors import IdentityInputError
    from profiles.errors import ProfilesError

    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, HomeError | InputsError | SubjectError | SettingsError | ContractError | IdentityInputError):
        return USAGE, text
    if isinstance(error, ProfilesError | RuntimeError | FileNotFoundError):
        return FAILED, text
    if os.strerror(errno.ENOSPC) in text:
        return FAILED, "no space left on device: nothing is half-written; make room and run again"
    # DuckDB's own words for a file that cannot be opened; its errors carry neither name nor number.
    unopened = re.match(r'IO Error: Cannot open file "(.+?)": ([^"]+)$', text)
    if unopened:
        return FAILED, f"{_whole(unopened[1])}: {unopened[2]}"
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return FAILED, f"{_whole(str(error.filename))}: {error.strerror}"
    if os.environ.get("CDP_TRACEBACK"):
        raise error
    # Unforeseen: its text may quote data, so only its type and place are told.
    place = ""
    if error.__traceback__ is not None:
        last = error.__traceback__
        while last.tb_next is not None:
            last = last.tb_next
        place = f" at {os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}"  # noqa: PTH119
    return FAILED, f"unexpected {type(error).__name__}{place}; CDP_TRACEBACK=1 shows more"


def _whole(path: str) -> str:
    """The file that is meant, where the error names the unfinished one beside it: ``x.csv`` of ``.x.csv.part``."""
    return re.sub(r"(^|/)\.([^/]+?)(?:\.\d+)?\.(?:part|inflight)$", r"\1\2", path)


def _say(code: int, line: str) -> int:
    text = " ".join(line.split())
    print(text if text.startswith("cdp") else f"cdp: {text}", file=sys.stderr)
    return code
