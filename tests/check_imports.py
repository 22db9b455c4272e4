"""Check from inside an environment that wsgiresp is rightly installed there. Run by check_installs.py in each."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from importlib.resources import files

import wsgiresp
import wsgiresp.adapters

# What a module may miss where only wsgiresp and its own dependencies are installed.
EXTRAS = {"asgiref", "django", "flask", "gunicorn", "orjson", "pydantic"}


def faults() -> Iterator[str]:
    if importlib.util.find_spec("adapters"):
        yield "a top-level module named adapters is installed"
    if importlib.metadata.version("wsgiresp") != wsgiresp.__version__:
        yield "the metadata have another version than wsgiresp.__version__"
    if not files("wsgiresp").joinpath("py.typed").is_file():
        yield "py.typed is missing"


if __name__ == "__main__":
    for module in pkgutil.walk_packages(wsgiresp.__path__, "wsgiresp."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                raise
    sys.exit("; ".join(faults()) or None)
