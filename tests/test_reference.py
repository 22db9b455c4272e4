"""The reference tells of every public name what the code says of it: parameters, defaults, methods, attributes."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from public_names import members, parameters, public_names

PAGES = sorted((Path(__file__).parents[1] / "docs" / "reference").glob("*.md"))
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)

TABLE = re.compile(r"^\| Parameter of (.+?) \| Default \| Unit \| .+\n\|[-|]+\n((?:\|.+\n)*)", re.M)
ROW = re.compile(r"^\| `(\w+)` \| (?:(`.*?`) )?\| (?:(\w+) )?\| ", re.M)

NAMES = public_names()
REQUIRED = object()


def tables():
    """Return name to default and unit of each parameter that a table has, by the name that the table is for."""
    found = {}
    for names, rows in TABLE.findall(TEXT):
        for name in re.findall(r"`([\w.]+)`", names):
            assert name not in found, f"there are two tables for {name}"
            found[name] = {row[0]: (value(row[1]), row[2]) for row in ROW.findall(rows)}
    return found


def value(text):
    return ast.literal_eval(text.strip("`")) if text else REQUIRED


def named(name):
    """Return the public object of this *name*, or the method of one."""
    if name in NAMES:
        return NAMES[name]
    owner, _, method = name.rpartition(".")
    return getattr(NAMES[owner], method)


def shown_whole():
    """Return the members of the classes that the reference shows with all of them."""
    names = re.findall(r"autoclass:: ([\w.]+)\n   :members:$", TEXT, re.M)
    kinds = [kind for name, kind in NAMES.items() if name.rpartition(".")[2] in names]
    return {member for kind in kinds for member in members(kind)}


TABLES = tables()
WITH_PARAMETERS = [name for name, found in NAMES.items() if callable(found) and parameters(found) and name != "Headers"]
MEMBERS = sorted({name for kind in NAMES.values() if inspect.isclass(kind) for name in members(kind)} - shown_whole())


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_in_the_reference(name):
    last = name.rpartition(".")[2]
    assert re.search(rf"auto(class|function):: [\w.]*\b{last}$|`{last}`", TEXT, re.M)


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_a_public_name_has_a_table_of_its_parameters(name):
    assert name in TABLES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_parameters_and_defaults_of_the_code(name):
    defaults = {
        parameter.name: REQUIRED if parameter.default is parameter.empty else parameter.default
        for parameter in parameters(named(name)).values()
    }
    assert {row: default for row, (default, _) in TABLES[name].items()} == defaults


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_unit_of_a_time(name):
    times = {
        parameter.name
        for parameter in parameters(named(name)).values()
        if re.search(r"\bfloat\b|\bMaxAge\b", str(parameter.annotation))
    }
    assert times <= {row for row, (_, unit) in TABLES[name].items() if unit in ("seconds", "milliseconds")}


@pytest.mark.parametrize("name", MEMBERS)
def test_a_public_method_or_attribute_is_in_the_reference(name):
    assert re.search(rf"`{name}(\(\))?`|auto(method|attribute):: {name}$|:members:.*\b{name}\b", TEXT, re.M)
