"""What can be told without building: the rest is in check_installs.py, which tox runs."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from renewal import normalized, read

import wsgiresp

CHECKOUT = Path(__file__).parents[1]


def settings(name):
    parser = ConfigParser(interpolation=None)
    parser.read(CHECKOUT / name, encoding="utf-8")
    return parser


SETUP = settings("setup.cfg")
PINNED_EXTRAS = ("flask", "gunicorn", "orjson", "pydantic")  # those that the tests import
REQUIREMENT = re.compile(r"([A-Za-z0-9_-]+)>=([0-9.]+)")
CONSTRAINTS = (CHECKOUT / "constraints.txt").read_text("utf-8")


def test_every_package_of_the_tree_is_packaged():
    markers = [path for path in CHECKOUT.glob("wsgiresp/**/__init__.py") if "adapters" not in path.parts]
    tree = {".".join(path.parent.relative_to(CHECKOUT).parts) for path in markers}
    adapters = {path.parent for path in CHECKOUT.glob("adapters/**/__init__.py")}
    tree |= {".".join(["wsgiresp", *folder.relative_to(CHECKOUT).parts]) for folder in adapters}
    assert set(SETUP["options"]["packages"].split()) == tree


def test_the_adapters_install_from_the_folder_at_the_top():
    assert SETUP["options"]["package_dir"].strip() == "wsgiresp.adapters = adapters"


def test_the_marker_of_typed_packages_is_there_and_packaged():
    assert (CHECKOUT / "wsgiresp" / "py.typed").is_file()
    assert SETUP["options.package_data"]["wsgiresp"] == "py.typed"


def test_pyproject_holds_what_pip_and_ruff_cannot_find_elsewhere():
    tables = re.findall(r"^\[([^\].]+)(?:\.([^\].]+))?", (CHECKOUT / "pyproject.toml").read_text("utf-8"), re.M)
    assert {".".join(filter(None, table)) for table in tables} == {"build-system", "tool.ruff"}


def test_the_lowest_versions_are_those_that_are_tested():
    extras = SETUP["options.extras_require"]
    bounds = [SETUP["options"]["install_requires"], *(extras[name] for name in PINNED_EXTRAS)]
    lowest = {name: version for text in bounds for name, version in REQUIREMENT.findall(text)}
    pins = settings("tox.ini")["testenv:lowest"]["deps"].split()
    assert set(pins) >= {f"{name}=={version}" for name, version in lowest.items()}


def test_every_requirement_is_pinned():
    lists = [SETUP["options"]["install_requires"], *SETUP["options.extras_require"].values()]
    required = {normalized(name) for text in lists for name in re.findall(r"^[A-Za-z0-9_.-]+", text, re.M)}
    assert required - {"wsgiresp"} - read(CONSTRAINTS).keys() == set()


def test_a_pin_is_one_version_of_a_package_that_is_not_ours():
    pins = [line for line in CONSTRAINTS.splitlines() if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"(?!wsgiresp=)[a-z0-9-]+==[0-9][0-9A-Za-z.!+]*", pin)] == []


def test_the_newest_version_of_the_changelog_is_that_of_the_package():
    versions = re.findall(r"^## \[(\d.*)\] - \d{4}-\d{2}-\d{2}$", (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert versions[0] == wsgiresp.__version__


def test_the_versions_of_python_that_are_named_are_those_that_are_tested():
    named = re.findall(r":: Python :: 3\.(\d+)$", SETUP["metadata"]["classifiers"], re.M)
    assert {f"py3{minor}" for minor in named} == set(re.findall(r"py3\d+", settings("tox.ini")["tox"]["env_list"]))


def test_the_security_policy_knows_the_version():
    minor = wsgiresp.__version__.rpartition(".")[0]
    assert f"| {minor}.x | yes |" in (CHECKOUT / "SECURITY.md").read_text("utf-8")


def test_the_readme_can_be_read_without_the_source():
    # A package index shows it, and there a link to a file leads nowhere.
    assert re.findall(r"\]\((?!https?:)[^)]*\)", (CHECKOUT / "README.md").read_text("utf-8")) == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/explanation/architecture.md"])
def test_the_files_and_tests_that_a_page_names_are_there(page):
    name = r"`((?:adapters|benchmarks|docs|examples|tests|wsgiresp)/[\w./-]+|[A-Z]+\.md)(?:::(\w+))?`"
    named = re.findall(name, (CHECKOUT / page).read_text("utf-8"))
    assert named
    assert [path for path, _ in named if not (CHECKOUT / path).exists()] == []
    assert [test for path, test in named if test and f"def {test}(" not in (CHECKOUT / path).read_text("utf-8")] == []


@pytest.mark.parametrize("command", ["sh examples/serve", "sh tests/run"])
def test_the_commands_of_the_readme_exist(command):
    assert f"$ {command}\n" in (CHECKOUT / "README.md").read_text("utf-8")
    assert (CHECKOUT / command.split()[1]).is_file()


def test_continuous_integration_runs_the_tests_as_the_readme_does():
    assert "\nsh tests/run " in (CHECKOUT / ".ci" / "run").read_text("utf-8")
