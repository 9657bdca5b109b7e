"""Flags that several commands share, and the spec that they make together with the TOML file."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipeline.errors import UsageError
from pipeline.spec import BuildSpec, load_spec

__all__ = [
    "BuildCommand",
    "build_flags",
    "json_flag",
    "read_spec",
    "studio_flags",
    "target_flags",
    "work_dir_flag",
]

F = TypeVar("F", bound=Callable[..., Any])


def _stacked(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_LISTS = ("--runs", "--interactions", "--against")
"""Flags that take all words up to the next flag, as a shell's glob gives them."""


class BuildCommand(click.Command):
    """A command whose `--runs a b c` means `--runs a --runs b --runs c`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat such a flag for each of its words; a `.toml` file among them is the spec."""
        given: list[str] = []
        flag, taken = None, True
        for at, word in enumerate(args):
            if word == "--":
                return super().parse_args(ctx, given + args[at:])
            if word.startswith("-"):
                name, given_with, _ = word.partition("=")
                flag, taken = (name if name in _LISTS else None), bool(given_with)
            elif flag and taken and not word.endswith(".toml"):
                given.append(flag)
            else:
                taken = True
            given.append(word)
        return super().parse_args(ctx, given)


work_dir_flag = click.option(
    "--work-dir", metavar="DIR", help="Folder of the builds.  [default: .trainset]"
)
json_flag = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object as the last line of stdout."
)

studio_flags = _stacked(
    click.option("--session", metavar="ID|NAME", help="The training session."),
    click.option("--studio-url", metavar="URL", help="The Studio (or TRAINSET_STUDIO_URL)."),
    click.option(
        "--token-url", metavar="URL", help="Origin that exchanges API keys (or TRAINSET_TOKEN_URL)."
    ),
    click.option(
        "--storage-host",
        "storage_hosts",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Datasets may go there too, beside the Studio, Google's and Amazon's storage.",
    ),
    click.option(
        "--api-key",
        metavar="KEY",
        envvar="TRAINSET_API_KEY",
        help="sk-... key or JWT (better in TRAINSET_API_KEY, a flag is seen by other users).",
    ),
)

target_flags = _stacked(
    click.option(
        "--provider",
        metavar="NAME",
        help="Who trains: a provider of the catalog (docs/catalog.md).",
    ),
    click.option("--model", metavar="ID", help="The base model that is to be trained."),
    click.option(
        "--catalog",
        metavar="FILE",
        help="Facts of your own about providers, laid over those that ship (or TRAINSET_CATALOG).",
    ),
    click.option(
        "--allow-closed",
        is_flag=True,
        default=None,
        help="Go on where the provider is known to take no new jobs.",
    ),
)


def _epochs(ctx: click.Context, param: click.Parameter, value: str | None) -> int | str | None:
    """A whole number of at least 1, or `auto`."""
    del ctx, param
    if value is None or value == "auto":
        return value
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"{value} is neither auto nor a whole number of at least 1")


build_flags = _stacked(
    click.argument("spec", nargs=-1, metavar="[SPEC.toml]"),
    click.option(
        "--runs",
        multiple=True,
        metavar="FILE...",
        help="Exported run documents: .jsonl, .gz, .zst, .parquet, or a glob.",
    ),
    click.option(
        "--interactions",
        multiple=True,
        metavar="FILE...",
        help="Exported interactions and templates, to render prompts that were not stored.",
    ),
    click.option(
        "--against",
        multiple=True,
        metavar="FILE|BUILD...",
        help="Leave out what is near an evaluation set, or what an earlier build kept.",
    ),
    studio_flags,
    work_dir_flag,
    click.option(
        "--format", "formats", multiple=True, metavar="F", help="Provider format (repeatable)."
    ),
    click.option("--engine", type=click.Choice(["local", "dask"]), help="Where the work runs."),
    click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one a processor."),
    click.option(
        "--previous", metavar="BUILD", help="Runs of that build keep their split (or: latest)."
    ),
    click.option(
        "--max-per-interaction",
        type=click.IntRange(min=1),
        metavar="N",
        help="Most records of one interaction.",
    ),
    click.option(
        "--max-records", type=click.IntRange(min=1), metavar="N", help="Most records in all."
    ),
    click.option(
        "--max-tokens", type=click.IntRange(min=1), metavar="N", help="Most tokens in all."
    ),
    target_flags,
    click.option(
        "--epochs",
        callback=_epochs,
        metavar="N|auto",
        help="Passes over the training file; auto: as the provider chooses.",
    ),
    json_flag,
)


def read_spec(words: tuple[str, ...] = (), **flags: Any) -> BuildSpec:
    """The spec from positional words and flags; None and empty flags were not given.

    Of the words one may be a `.toml` file; others are files for a preceding `--runs`.
    """
    tomls = [word for word in words if word.endswith(".toml")]
    files = tuple(word for word in words if not word.endswith(".toml"))
    runs = (*flags.get("runs", ()), *files)
    if len(tomls) > 1 or (files and not flags.get("runs")):
        raise UsageError(f"{' '.join(words)}: expected one SPEC.toml, and files after --runs")
    return load_spec(
        tomls[0] if tomls else None,
        environ=os.environ,
        overrides={
            "source.session": flags.get("session"),
            "source.runs": runs or None,
            "source.interactions": flags.get("interactions"),
            "against.sets": flags.get("against"),
            "studio.url": flags.get("studio_url"),
            "studio.token_url": flags.get("token_url"),
            "studio.storage_hosts": flags.get("storage_hosts"),
            "run.work_dir": flags.get("work_dir"),
            "run.engine": flags.get("engine"),
            "run.workers": flags.get("workers"),
            "sample.max_per_interaction": flags.get("max_per_interaction"),
            "sample.max_records": flags.get("max_records"),
            "sample.max_tokens": flags.get("max_tokens"),
            "split.previous": flags.get("previous"),
            "target.provider": flags.get("provider"),
            "target.model": flags.get("model"),
            "target.epochs": flags.get("epochs"),
            "target.catalog": flags.get("catalog"),
            "target.allow_closed": flags.get("allow_closed"),
            "formats": flags.get("formats"),
        },
    )
