"""What one benchmark found, as the file of JSON that is kept of it: the raw figures of each round, nothing derived."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import goals
from .tables import Column, Table

RESULTS = Path(__file__).parents[1] / "results"


@dataclass(frozen=True)
class Result:
    """One benchmark, on one machine, on one day."""

    name: str
    title: str = ""
    date: str = ""
    python: str = ""
    cpu: str = ""
    load: Sequence[float] = ()
    """The load of the machine before and after, of one minute each (getloadavg(3))."""
    versions: Mapping[str, str] = field(default_factory=dict)
    extent: str = ""
    rounds: int = 0
    batch: str = ""
    seconds: float = 0.0
    note: str = ""
    skipped: Sequence[str] = ()
    """Peers that are not installed, or whose answer is not what was asked for, each with the reason."""
    failures: Sequence[str] = ()
    """Parts that gave no figures, or runs that did not come to their end, each with the reason."""
    tables: Sequence[Table] = ()

    @property
    def heading(self) -> str:
        """What it is called on the page."""
        return self.title or self.name


def dumped(result: Result) -> str:
    """Return *result* as JSON with a line for each candidate; figures have four digits."""
    return json.dumps(vars(result) | {"tables": [_table(one) for one in result.tables]}, indent=1) + "\n"


def loaded(text: str) -> Result:
    """Return the result that was ``dumped``."""
    kept = json.loads(text)
    return Result(**kept | {"tables": [_table_of(one) for one in kept["tables"]]})


def keep(result: Result, folder: Path) -> None:
    """Keep *result* in *folder*. Without a table it leaves those that are there, and adds only its failures to them."""
    before = kept(result.name, folder)
    if before is not None and not result.tables:
        result = replace(before, failures=[*before.failures, *result.failures])
    folder.mkdir(parents=True, exist_ok=True)
    _path(result.name, folder).write_text(dumped(result), encoding="utf-8")


def kept(name: str, folder: Path) -> Result | None:
    """Return what *folder* holds of the benchmark *name*, None if that is nothing."""
    path = _path(name, folder)
    return loaded(path.read_text(encoding="utf-8")) if path.exists() else None


def _path(name: str, folder: Path) -> Path:
    return folder / f"{name}.json"


def _table(one: Table) -> dict[str, Any]:
    return vars(one) | {"columns": [_column(column) for column in one.columns]}


def _table_of(text: Mapping[str, Any]) -> Table:
    return Table(**{**text, "columns": [_column_of(column) for column in text["columns"]]})


def _column(column: Column) -> dict[str, Any]:
    fields = {name: getattr(column, name) for name in Column.__dataclass_fields__}
    # As one text: an array would have a line for each figure, and no difference of two files could be read.
    figures = {name: " ".join(f"{figure:.4g}" for figure in found) for name, found in column.figures.items()}
    return fields | {"figures": figures, "goals": [goals.written(goal) for goal in column.goals]}


def _column_of(text: Mapping[str, Any]) -> Column:
    figures = {name: [float(figure) for figure in found.split()] for name, found in text["figures"].items()}
    return Column(**{**text, "figures": figures, "goals": [goals.read(goal) for goal in text["goals"]]})
