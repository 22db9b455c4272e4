"""Chromium shows a single-page application beneath a path, and gets no page in the place of anything else."""

from __future__ import annotations

import os

import pytest
from clients.external_programs import needs
from servers.server_processes import serve

pytestmark = needs("chromium", "chromedriver")

YEAR = 365 * 86400
LAST_YEAR = 1700000000
PAGE = """<!doctype html><title>Page</title>
<script src="/manual/app.js"></script>
<body><script src="relative.js"></script>
"""

STATUS = """
const [path, accept, done] = arguments;
const headers = accept ? {Accept: accept} : {};
fetch(path, {headers}).then((answer) => done(answer.status), (error) => done(`${error}`));
"""
IMPORT = """
const [path, done] = arguments;
import(path).then(() => done("loaded"), (error) => done(error.name));
"""
SHOWN = """
const [done] = arguments;
done([location.pathname, document.title, document.body.className]);
"""


def deploy(folder, version, age):
    """Write *version* of the application, changed *age* seconds after a moment that is long ago."""
    for name, text in {
        "index.html": PAGE,
        "app.js": f"document.title = {version!r};",
        "relative.js": "document.body.className = 'relative';",
    }.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (LAST_YEAR + age, LAST_YEAR + age))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def url(folder):
    """The URL of a server, to put a path behind."""
    deploy(folder, "one", 0)
    with serve("gunicorn:gevent", "sites:app", environ={"FILES": str(folder)}) as running:
        host, port = running.address
        yield f"http://{host}:{port}"


def test_relative_links_work_at_the_mount_point(browser, url):
    browser.open(f"{url}/manual")
    assert browser.run(SHOWN) == ["/manual/", "one", "relative"]


def test_a_route_is_shown_when_it_is_loaded(browser, url):
    browser.open(f"{url}/manual/team/7")
    assert browser.run(SHOWN) == ["/manual/team/7", "one", ""]


def test_a_script_gets_no_page_by_fetch(browser, url):
    # A maintainer in Vite's pull request 22601: module scripts and fetch() send "*/*", as crawlers do.
    browser.open(f"{url}/manual/")
    assert browser.run(STATUS, "/manual/api/typo", None) == 404
    assert browser.run(STATUS, "/manual/api/typo", "application/json") == 404
    assert browser.run(STATUS, "/manual/team/7", "text/html") == 200


@pytest.mark.parametrize("path", ["/manual/gone.js", "/manual/gone"])
def test_a_module_that_does_not_exist_is_an_error(browser, url, path):
    browser.open(f"{url}/manual/")
    assert browser.run(IMPORT, path) == "TypeError"
    assert [line for line in browser.complaints() if path in line and "404" in line] != []


def test_a_script_that_is_deployed_anew_is_run(browser, url, folder):
    browser.open(f"{url}/manual/")
    deploy(folder, "two", YEAR / 12)
    browser.open("about:blank")
    browser.open(f"{url}/manual/")
    assert browser.run(SHOWN)[1] == "two"
