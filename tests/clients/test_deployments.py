"""Chromium asks again for a script that was deployed anew with the time of a packager.

With a Last-Modified of 1970 to 2000 it keeps a file for a tenth of its age, which is years, and does not ask: see
NixOS/nixpkgs#25485, GoogleChrome/web.dev#3913 and fedwiki/wiki-server#151.
"""

from __future__ import annotations

import os

import pytest
from clients.external_programs import needs

pytestmark = needs("chromium", "chromedriver")

TIMES = [
    pytest.param(0, id="the epoch"),
    pytest.param(1, id="Nix"),
    pytest.param(315532800, id="zip"),
    pytest.param(499162500, id="npm"),
    pytest.param(946684800, id="Bazel"),
]
SHOWN = "arguments[0](document.title)"


def deploy(folder, version, mtime):
    """Give app.js a new content of the same length, as a package manager does it."""
    new = folder / "app.js.new"
    new.write_text(f"document.title = 'version {version}'\n")
    os.utime(new, (mtime, mtime))
    new.replace(folder / "app.js")


@pytest.mark.parametrize("mtime", TIMES)
@pytest.mark.parametrize("route", ["plain", "default"])
def test_a_script_that_was_deployed_anew_is_asked_for_again(browser, website, mark, route, mtime):
    page = f'<!doctype html><script src="/{route}/app.js?{mark}"></script>'
    (website.folder / "deployed.html").write_text(page)
    url = website.url("fresh", "deployed.html")
    shown = []
    for version in (1, 2):
        deploy(website.folder, version, mtime)
        browser.open(url)
        shown.append(browser.run(SHOWN))
        browser.open("about:blank")
    assert shown == ["version 1", "version 2"]
    first, second = website.seen(mark)
    assert (first.code, second.code) == (200, 200)
    assert second.environ["HTTP_IF_NONE_MATCH"] == dict(first.fields)["ETag"] != dict(second.fields)["ETag"]


@pytest.mark.parametrize("mtime", TIMES)
def test_a_script_that_stays_is_not_sent_again(browser, website, mark, mtime):
    deploy(website.folder, 1, mtime)
    (website.folder / "deployed.html").write_text(f'<!doctype html><script src="/plain/app.js?{mark}"></script>')
    for _ in range(2):
        browser.open(website.url("fresh", "deployed.html"))
        assert browser.run(SHOWN) == "version 1"
        browser.open("about:blank")
    assert [seen.code for seen in website.seen(mark)] == [200, 304]
