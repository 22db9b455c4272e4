"""The command for all benchmarks: python -m benchmarks."""

from __future__ import annotations

import sys

from .command import main
from .report import begin

begin(lambda: sys.exit(main()))
