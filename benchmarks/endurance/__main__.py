from __future__ import annotations

import sys

from gevent import monkey

monkey.patch_all()

# Not before what it imports takes sockets and locks that are patched: each visitor is a greenlet.
from ..harness.report import begin  # noqa: E402
from .command import main  # noqa: E402

begin(lambda: sys.exit(main()))
