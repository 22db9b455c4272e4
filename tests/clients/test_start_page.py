"""The start page of the demo in Chromium: every panel works, and nothing on it asks for another host."""

from __future__ import annotations

import csv
import hashlib
import re
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from clients.external_programs import needs
from clients.start_page import StartPage, demo, walk
from examples.readme_tables import EXAMPLES
from servers.server_processes import cases

pytestmark = needs("chromium", "chromedriver")

PHONE = (360, 740)  # CSS pixels
LENGTH = 19_200_044


@pytest.fixture(scope="module", params=cases("gunicorn:gevent"))
def server(request):
    with demo(request.param) as server:
        yield server


@pytest.fixture
def page(server, browser):
    """The page in a tab of its own."""
    with browser.tab():
        page = StartPage(browser, server)
        page.open()
        yield page


@pytest.fixture(scope="module")
def visit(server, browser):
    """What the panels show, what the console says then, and what was asked for meanwhile."""
    browser.requested()
    browser.complaints()
    with browser.tab():
        page = StartPage(browser, server)
        page.open()
        return walk(page), browser.complaints(), browser.requested()


@pytest.fixture(scope="module")
def tour(visit):
    return visit[0]


def rain():
    with (EXAMPLES / "data" / "weather.csv").open(encoding="ascii", newline="") as file:
        return sum(Decimal(row["rain"]) for row in csv.DictReader(file))


def lines_of(page):
    """Return the numbers of the lines that the log shows."""
    return [int(line.partition(" ")[0]) for line in page.shown("#log")]


def test_the_work_is_done_once_over_several_connections(tour):
    state, _, connections = tour.progress[0].partition(" Connections: ")
    assert (state, int(connections.rstrip(".")) > 1) == (f"Done: {rain()} mm.", True)


def test_the_tasks_are_done_after_the_answer(tour):
    told = [re.fullmatch(r"After ([0-9]+) ms: (.*)\.", line).groups() for line in tour.tasks[1:]]
    assert [re.sub("order .*", "order", text) for _, text in told] == [
        "202, the answer to order",
        "task confirm is done",
        "task pack is done",
        "task send is done",
    ]
    times = [int(time) for time, _ in told]
    assert times == sorted(times)


def test_a_download_that_was_paused_goes_on_where_it_was(tour):
    received = tour.requests[1].removeprefix("bytes=").partition("-")[0]
    assert 0 < int(received) < LENGTH
    assert tour.paused == [f"Paused at {int(received) / 1e6:.2f} MB."]
    assert tour.requests == [
        "Without a Range: 200.",
        f"bytes={received}-: 206, bytes {received}-{LENGTH - 1}/{LENGTH}.",
    ]


def test_a_download_that_was_paused_is_equal_to_the_original(tour, server):
    digest = hashlib.sha256(server.exchange("GET", "/tones.wav").body).hexdigest()
    assert tour.download == [f"{LENGTH / 1e6:.2f} MB, equal to the original: SHA-256 {digest}."]


def test_a_jump_in_the_sound_asks_for_the_bytes_from_there_on(tour):
    starts = [int(line.removeprefix("bytes=").partition("-")[0]) for line in tour.sought if ": 206, bytes " in line]
    assert tour.sound == ["At 9:00 of 10:00."]
    assert any(LENGTH * 8 // 10 < start <= LENGTH * 9 // 10 for start in starts)


def test_the_days_are_shown_as_they_arrive_and_are_all_there(tour):
    assert tour.lines[0].startswith(f"All: 1096 days, {rain()} mm; the first after ")
    assert tour.lines[-1].startswith("2024-12-31")


def test_the_generator_ends_when_the_page_has_enough(tour):
    shown, logged = (int(re.search(": ([0-9]+) days", line)[1]) for line in tour.stopped)
    assert shown <= logged < 1096


def test_cookies_are_set_and_scripts_see_one_of_them(tour):
    assert tour.set == ['{"theme":"dark","session":"38afes7a8"}', "theme=dark"]


def test_cookies_are_deleted(tour):
    assert tour.deleted == ["{}", "nothing"]


def test_the_console_says_nothing(visit):
    assert visit[1] == []


def test_no_other_host_is_asked(visit, server):
    hosts = {urlsplit(url).netloc for url in visit[2] if url.startswith(("http", "ws"))}
    assert hosts == {"{}:{}".format(*server.address)}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Response", r"(?:200 OK|503 Service Unavailable)"),
        ("JSONResponse", "200 OK"),
        ("RedirectResponse", "307 Temporary Redirect"),
        ("FileResponse, a part", "206 Partial Content"),
        ("FileResponse, beyond its end", "416 Range Not Satisfiable"),
        ("EventSourceResponse", "200 OK"),
        ("An error", "(?:400 Bad Request|404 Not Found)"),
    ],
)
def test_each_framework_answers_alike(page, name, status):
    answers = [page.ask(name, framework).partition("\r\n")[0] for framework in ("WSGI", "Flask", "Django")]
    assert [re.fullmatch(f"HTTP/1.1 {status}", answer) is not None for answer in answers] == [True] * 3


def test_a_request_with_the_etag_of_an_answer_is_a_304(page):
    page.ask("FileResponse", "WSGI")
    page.press("#ask-again")
    page.wait("#request", "If-None-Match")
    assert page.wait("#answer", "^HTTP/1.1 3").startswith("HTTP/1.1 304 Not Modified")


def test_a_request_can_be_typed(page):
    page.type("[name=path]", "&limit=2")
    page.type("[name=path]", "\ue007")  # Enter
    assert page.wait("#request", "limit=2").partition("\r\n")[0] == "GET /custom&limit=2 HTTP/1.1"


def test_a_log_that_was_paused_misses_and_repeats_nothing(page):
    page.press("#log-pause")
    before = lines_of(page)
    page.press("#order")
    page.wait("#order-state", "^All")
    during = lines_of(page)
    page.press("#log-continue")
    page.wait("#connections", "by .last_id")
    page.wait("#log", "send is done")
    after = lines_of(page)
    assert before == during == after[: len(before)]
    assert after == [*range(after[0], after[0] + len(after))]
    assert len(after) > len(before) + 3
    assert page.wait("#log-check", "^Connected").endswith("missed: none, repeated: none.")


def test_a_log_goes_on_at_a_new_worker_and_misses_nothing(page):
    old = re.match("Worker ([0-9]+)", page.shown("#connections")[0])[1]
    page.press("#restart")
    told = page.wait("#connections", "farewell").splitlines()[-1]
    page.wait("#log", f"worker {old} has ended")
    new = re.match("Worker ([0-9]+), after line [0-9]+, by Last-Event-ID, [0-9]+ ms after the farewell", told)[1]
    page.wait("#log", f"worker {new} has begun")
    numbers = lines_of(page)
    assert new != old
    assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]
    assert page.wait("#log-check", "^Connected").endswith("missed: none, repeated: none.")


def test_a_panel_is_used_by_keyboard_alone(page):
    page.press("h1")
    for _ in range(200):
        page.key("\ue004")  # Tab
        if page.focus == "progress-start":
            break
    page.key("\ue007")  # Enter
    assert page.wait("#progress-state", "^Done").startswith(f"Done: {rain()} mm.")


@pytest.fixture
def phone(browser, server):
    """The page on a phone, in a tab of its own."""
    with browser.tab():
        browser.become_a_phone(*PHONE)
        page = StartPage(browser, server)
        page.open()
        yield page


def test_the_page_is_no_wider_than_a_phone(phone):
    phone.ask("FileResponse, two parts", "WSGI")
    assert phone.widths == [PHONE[0], PHONE[0]]


def test_an_answer_comes_into_view_on_a_phone(phone):
    phone.ask("Response", "WSGI")
    assert phone.is_in_view("#answer")
