"""The command line of the comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness import command as benchmarks_command
from benchmarks.harness.compare import command


def names(*arguments):
    """Return the rows that are asked for."""
    return [row.name for _, rows in command.asked(["--compare", "HEAD", *arguments]).wanted for row in rows]


def test_the_working_tree_is_compared_with_a_revision():
    found = command.asked(["--compare", "HEAD~1"])
    assert (found.compare, found.to, found.rounds, found.save) == ("HEAD~1", None, None, None)


def test_two_revisions_can_be_compared():
    found = command.asked(["--compare", "v1", "--to", "v2", "--save", "there.json"])
    assert (found.compare, found.to, found.save) == ("v1", "v2", Path("there.json"))


@pytest.mark.parametrize(
    ("arguments", "rounds"),
    [
        pytest.param([], None, id="those of each group"),
        pytest.param(["--quick"], 6, id="as few as have an interval"),
        pytest.param(["--rounds", "40"], 40, id="as many as are asked for"),
    ],
)
def test_there_are_so_many_rounds(arguments, rounds):
    assert command.asked(["--compare", "HEAD", *arguments]).rounds == rounds


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--rounds", "5"], "at least 6", id="too few rounds"),
        pytest.param(["--only", "nothing of that name"], "no row is named so", id="no row"),
        pytest.param(["--quick", "--rounds", "9"], "not allowed with", id="two extents"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, arguments, words):
    with pytest.raises(SystemExit):
        command.asked(["--compare", "HEAD", *arguments])
    assert words in capsys.readouterr().err


def test_a_row_is_asked_for_by_its_name():
    assert names("--only", "2 cookies") == ["text, 2 cookies"]


def test_a_group_is_asked_for_by_its_name():
    assert names("--only", "import") == ["import, CPU", "import, time", "import, memory of the process"]


def test_the_larger_crowd_is_measured_only_where_it_is_asked_for():
    assert [any(name.startswith("5,000") for name in names(*only)) for only in ((), ("--only", "5,000"))] == [
        False,
        True,
    ]


def test_the_command_of_the_benchmarks_passes_a_comparison_on(capsys):
    assert benchmarks_command.main(["--compare=no-such-revision", "--only", "text"]) == 2
    assert "no revision 'no-such-revision'" in capsys.readouterr().err
