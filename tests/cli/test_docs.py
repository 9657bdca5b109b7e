"""The README and the command line say the same."""

import re
from pathlib import Path

import click
import pytest

from pipeline.cli.main import COMMANDS, NOT_BUILT, trainset

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_and_has_help(name: str) -> None:
    command = trainset.get_command(click.Context(trainset), name)
    assert command is not None
    assert command.help
    assert f"`trainset {name}" in README or f"`{name}`" in README


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    command = trainset.get_command(click.Context(trainset), name)
    assert command is not None
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in commands:
        for parameter in one.params:
            if isinstance(parameter, click.Option) and parameter.name != "limit":
                assert parameter.help or parameter.name in {"host", "port", "project"}


def test_the_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"`trainset ([a-z]+)", README))
    assert named <= {*COMMANDS}
    assert not {*COMMANDS} & {*NOT_BUILT}


def test_the_readme_s_flags_of_build_exist() -> None:
    line = re.search(r"Flags of `run` and `build`:(.*?)\. Flags win", README, re.DOTALL)
    assert line is not None
    build = trainset.get_command(click.Context(trainset), "build")
    assert build is not None
    known = {name for parameter in build.params for name in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", line[1])) <= known
