"""Tables of cases: TOML files in ``cases/``, one line a case, its key is what it shows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("cases")


def cases(file, table):
    """Return the cases of *table* in *file* as parameters, with their keys as ids."""
    tables = tomllib.loads((FOLDER / file).read_text("utf-8"))
    return [pytest.param(case, id=shown) for shown, case in tables[table].items()]
