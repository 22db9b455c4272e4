"""Half an hour of mixed load on the demo, each answer looked at: ``python -m benchmarks.endurance`` (Linux)."""

from __future__ import annotations

import sys

from ..harness.servers import ROOT

# The client of the tests that takes nothing but what HTTP allows, and the tables of the demo's README.
sys.path.append(str(ROOT / "tests"))
