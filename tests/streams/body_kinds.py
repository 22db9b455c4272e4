"""The kinds of bodies on which the table of behaviours is run.

Each test of ``test_body_behaviours*.py`` is a row of the table.
"""

from __future__ import annotations

import sys

import pytest
from streams.body_drivers import AsyncSourceDriver, HubDriver, LoopDriver, ThreadDriver

WSGI = (HubDriver, ThreadDriver, AsyncSourceDriver)
ASGI = LoopDriver
WHERE_OTHERS_RUN = (HubDriver, AsyncSourceDriver, LoopDriver)
"""The kinds in which another greenlet or task can close a body, or interrupt its reader, while it is read."""


def of_kinds(*kinds):
    """Run a test with each of *kinds*, the class of a driver."""
    return pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in kinds])


every_kind = of_kinds(*WSGI, ASGI)


def set_limit(monkeypatch, suffix, seconds):
    """Set each time limit of the streams whose name ends in *suffix*, whatever module reads it."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("wsgiresp._streams.")]
    found = [(module, name) for module in modules for name in vars(module) if name.endswith(suffix)]
    assert found, f"no limit of the streams has a name that ends in {suffix}"
    for module, name in found:
        monkeypatch.setattr(module, name, seconds)
