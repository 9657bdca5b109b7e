"""The `trainset` group: finds commands by name, turns errors into a sentence and an exit code."""

import os
import signal
import sys
from importlib import import_module
from types import FrameType

import click

from pipeline import __version__
from pipeline.engines import WORKER_MODULES, prepare_workers
from pipeline.errors import TrainsetError

__all__ = ["main", "trainset"]

COMMANDS = {
    "run": "pull .. write, publish, start, watch: all of it",
    "build": "pull .. write: make the dataset only",
    "plan": "what would be made and what it would cost, without doing it",
    "publish": "upload a finished dataset and set it as the session's",
    "start": "start the training of the published dataset",
    "watch": "follow the session's job to its end",
    "cancel": "cancel the session's job",
    "inspect": "what a build pulled, kept and dropped, stage by stage",
    "explain": "the life of one run in a build",
    "diff": "what changed from one build to another, and why",
    "verify": "do all of a build's proofs again, from its files alone",
    "check": "any file against providers' rules; every line, field and reason; repairs",
    "convert": "a training file of one provider's format into another's",
    "studio": "the embedded Studio: serve, import runs, make keys",
}
"""Every command with its line of help; `pipeline.cli.<name>` holds it as `command`."""

NOT_BUILT = (
    "pull", "normalize", "validate", "dedupe", "split", "write", "report",
)  # fmt: skip
"""Commands of the contract that this version does not have."""

_WITH_WORKERS = ("run", "build")
_HELP = {"-h", "--help"}
_INTERRUPTED = 130


class _Commands(click.Group):
    """Imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the way of the data."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; a sentence for one that is not built yet."""
        if cmd_name in NOT_BUILT:
            ctx.fail(f"`trainset {cmd_name}` is not built yet in {__version__}")
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _WITH_WORKERS and not _HELP & set(sys.argv):
            prepare_workers(WORKER_MODULES)
        command: click.Command = import_module(f"pipeline.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": sorted(_HELP)})
@click.version_option(__version__, prog_name="trainset")
def trainset() -> None:
    """Turn logged LLM calls into a fine-tuning dataset that a provider accepts.

    Exit codes: 0 done, 2 wrong usage or spec, 3 a quality gate refused, 4 the other side refused
    for good, 5 integrity, 75 try later, 130 interrupted.
    """


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        trainset.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; what was finished is kept: run the same command again to go on")
        sys.exit(_INTERRUPTED)
    except TrainsetError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("TRAINSET_DEBUG"):
            raise
        _say(
            f"an error that trainset does not know: {type(error).__name__}: {error}. "
            "Please report it; TRAINSET_DEBUG=1 shows where it happened"
        )
        sys.exit(1)


def _say(sentence: str) -> None:
    click.echo(f"trainset: {sentence}", err=True)


def _terminate(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    raise KeyboardInterrupt
