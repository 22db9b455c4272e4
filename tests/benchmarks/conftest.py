"""The benchmarks are no part of what is installed: they are taken from the checkout, also where that is on no path."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"

# Not by sys.path: with the checkout on it, its wsgiresp would be tested instead of the wheel's. And on tests/, which is
# on it, this very folder would be found as a package of that name.
if FOLDER.name not in sys.modules:
    spec = spec_from_file_location(FOLDER.name, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
    sys.modules[FOLDER.name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[FOLDER.name])
