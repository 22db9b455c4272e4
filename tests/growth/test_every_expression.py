"""Every regular expression of the library has a case of growth that names it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from growth.test_adapter_growth import CASES as ADAPTER_CASES
from growth.test_growth import CASES

CHECKOUT = Path(__file__).parents[2]


def expressions(module, source):
    """Return the regular expressions of *source*: ``"module.NAME"``, with the line in its place where there is none."""
    tree = ast.parse(source)
    named = {
        id(node.value): node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return {
        f"{module}.{named.get(id(node), node.lineno)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
    }


def all_expressions():
    found = set()
    for folder in ("wsgiresp", "adapters"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            found |= expressions(path.stem, path.read_text("utf-8"))
    return found


def test_every_regular_expression_has_a_case_of_growth():
    with_case = {name for parameters in [*CASES, *ADAPTER_CASES] for name in parameters.values[0].patterns}
    assert all_expressions() == with_case


@pytest.mark.parametrize(
    ("source", "name"),
    [
        pytest.param("import re\n_NAME = re.compile('a')", "module._NAME", id="of a module"),
        pytest.param("import re\ndef find(text):\n    return re.search('a', text)", "module.3", id="in a function"),
        pytest.param("import re\n_NAMES = [re.compile('a')]", "module.2", id="in a list"),
    ],
)
def test_a_planted_expression_is_found(source, name):
    assert expressions("module", source) == {name}
