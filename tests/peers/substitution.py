"""A plugin for the pytest of another project: ours in the place of werkzeug's Response, and what came of each test.

``pytest -p peers.substitution --substitute asis --outcomes FILE``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--substitute",
        choices=("asis", "worded"),
        help="put wsgiresp's Response in the place of werkzeug's, as it is, or with werkzeug's words for its arguments",
    )
    parser.addoption("--outcomes", type=Path, required=True, help="the file that gets the outcome of each test")


def pytest_configure(config: pytest.Config) -> None:
    substitute = config.getoption("--substitute")
    if substitute:
        from wsgiresp.responses import Response

        put_in_place(worded(Response) if substitute == "worded" else Response)
    config.pluginmanager.register(Outcomes(config.getoption("--outcomes")))


def worded(response_class: type[Any]) -> type[Any]:
    """Return the class with the arguments of werkzeug's, each passed on by its word.

    So the content may be an iterable, which our class refuses where it does not stand behind werkzeug's word.
    """

    class Response(response_class):  # type: ignore[misc]
        def __init__(
            self,
            response: Any = None,
            status: Any = None,
            headers: Any = None,
            mimetype: str | None = None,
            content_type: str | None = None,
            direct_passthrough: bool = False,
        ) -> None:
            super().__init__(
                headers=headers,
                response=response,
                status=status,
                mimetype=mimetype,
                content_type=content_type,
                direct_passthrough=direct_passthrough,
            )

    return Response


def put_in_place(ours: type[Any]) -> None:
    """Replace werkzeug's Response wherever werkzeug has imported it, and from where it will."""
    from werkzeug.wrappers import Response

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "werkzeug" and getattr(module, "Response", None) is Response:
            module.Response = ours  # type: ignore[attr-defined]


class Outcomes:
    """Writes a JSON object: the id of a test to "passed", "skipped" or "failed"."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # What fails in the set-up or in the end of a test fails.
        if report.when == "call" or not report.passed:
            self._found[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._found), encoding="utf-8")
