from __future__ import annotations

import subprocess
import sys

FRAMEWORKS = ("asgiref", "django", "flask", "gunicorn", "pydantic")
# Orjson is an extra too, and has a module of its own, which is used where it is installed.
EACH_MODULE = """
import importlib, pkgutil, sys
import wsgiresp
for module in pkgutil.walk_packages(wsgiresp.__path__, "wsgiresp."):
    if not module.name.startswith("wsgiresp.adapters") and module.name != "wsgiresp._protocol.json_orjson":
        importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_framework_is_imported_but_by_the_adapters():
    run = subprocess.run([sys.executable, "-c", EACH_MODULE], capture_output=True, text=True, timeout=50, check=True)
    imported = run.stdout.split()
    assert "wsgiresp" in imported
    assert set(imported).isdisjoint(FRAMEWORKS)
