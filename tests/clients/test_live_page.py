"""The page of the demo in Chromium: its streams arrive, and nothing on it asks for another host."""

from __future__ import annotations

import csv
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from clients.programs import needs
from examples.readme import EXAMPLES
from servers.serving import cases, serve

pytestmark = needs("chromium", "chromedriver")

PHONE = (360, 740)  # CSS pixels

# Hands over what the page shows once the work is done and its line is in the log.
WAIT_FOR_THE_WORK = """
const done = arguments[0];
const [bar, state, again, log] = ["bar", "state", "again", "log"].map(id => document.getElementById(id));
const look = () => {
    if (again.disabled || !log.textContent.includes("2024-12:")) return;
    watch.disconnect();
    done({value: bar.value, max: bar.max, state: state.value, lines: log.textContent.split("\\n")});
};
const watch = new MutationObserver(look);
watch.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
look();
"""

WIDTHS = """
arguments[0]([document.documentElement.scrollWidth, window.innerWidth]);
"""


@pytest.fixture(scope="module", params=cases("gunicorn:gevent"))
def demo(request):
    with serve(request.param, "demo:app", folder=EXAMPLES) as server:
        yield server


@pytest.fixture(scope="module")
def visit(demo, browser):
    """What the page shows when its work is done, what the console says then, and what was asked for meanwhile."""
    browser.requested()
    browser.complaints()
    with browser.tab():
        browser.open("http://{}:{}/streams/".format(*demo.address))
        shown = browser.run(WAIT_FOR_THE_WORK)
        return shown, browser.complaints(), browser.requested()


def test_the_progress_bar_reaches_its_end(visit):
    shown, _, _ = visit
    assert shown["value"] == shown["max"] == 36


def test_the_work_is_done_once_over_several_connections(visit):
    with (EXAMPLES / "data" / "weather.csv").open(encoding="ascii", newline="") as file:
        rain = sum(Decimal(row["rain"]) for row in csv.DictReader(file))
    state, _, connections = visit[0]["state"].partition(" Connections: ")
    assert (state, int(connections.rstrip(".")) > 1) == (f"Done: {rain} mm.", True)


def test_each_line_of_the_log_is_shown_once(visit):
    months = [line.partition(":")[0] for line in visit[0]["lines"] if "mm of rain" in line]
    assert months == [f"{year}-{month:02}" for year in (2022, 2023, 2024) for month in range(1, 13)]


def test_the_console_says_nothing(visit):
    assert visit[1] == []


def test_no_other_host_is_asked(visit, demo):
    hosts = {urlsplit(url).netloc for url in visit[2] if url.startswith("http")}
    assert hosts == {"{}:{}".format(*demo.address)}


def test_the_page_is_no_wider_than_a_phone(demo, browser):
    with browser.tab():
        browser.become_a_phone(*PHONE)
        browser.open("http://{}:{}/streams/".format(*demo.address))
        assert browser.run(WIDTHS) == [PHONE[0], PHONE[0]]
