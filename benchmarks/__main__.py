"""The command for all benchmarks: python -m benchmarks."""

from __future__ import annotations

import sys

from .harness.command import main
from .harness.report import begin

begin(lambda: sys.exit(main()))
