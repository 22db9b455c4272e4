"""``wsgiresp.status`` has the constants of ``fastapi.status``, which are those of ``starlette.status``."""

from __future__ import annotations

import pytest
from starlette import status as starlettes

from wsgiresp import status
from wsgiresp.responses import Response

OURS = {name: code for name, code in vars(status).items() if name.startswith(("HTTP_", "WS_"))}


def test_every_name_of_starlette_is_here_and_no_other():
    assert {name: getattr(starlettes, name) for name in starlettes.__all__} | starlettes.__deprecated__ == OURS


@pytest.mark.parametrize("name", OURS)
def test_a_name_says_its_code(name):
    assert name.split("_")[1] == str(OURS[name])


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("HTTP_")])
def test_each_code_of_http_is_a_status_code_of_a_response(name):
    assert Response(status_code=OURS[name]).status_code == OURS[name]
