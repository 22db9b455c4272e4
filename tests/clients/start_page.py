"""The start page of the demo in a browser, used as a reader does: what can be pressed, and what is shown then."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from clients.browser import Browser
from examples.readme_tables import EXAMPLES
from servers.server_processes import Server, serve

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver, Section 12.1

# Hands over what the element shows once that matches.
WAIT_FOR_TEXT = """
const [selector, pattern, done] = arguments;
const element = document.querySelector(selector);
const look = () => {
    const shown = element.value ?? element.innerText;
    if (!new RegExp(pattern).test(shown)) return;
    watch.disconnect();
    done(shown);
};
const watch = new MutationObserver(look);
watch.observe(element, {subtree: true, childList: true, characterData: true});
look();
"""

PLACE = """
const [selector, done] = arguments;
const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
done([top, bottom, window.innerHeight]);
"""

WIDTHS = """
arguments[0]([document.documentElement.scrollWidth, window.innerWidth]);
"""


class StartPage:
    """The page, open in *browser*."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser = browser
        self.origin = "http://{}:{}".format(*server.address)

    def open(self) -> None:
        """Load it, and wait until its log is connected and its first request is answered."""
        self.browser.open(f"{self.origin}/")
        self.wait("#log-check", "^Connected")
        self.wait("#exchange-state", "^All")

    def press(self, selector: str) -> None:
        """Click on the element that *selector* finds, where a user could."""
        found = self.browser.command("POST", "/element", using="css selector", value=selector)
        self.browser.command("POST", f"/element/{found[ELEMENT]}/click")

    def type(self, selector: str, text: str) -> None:
        """Press the keys of *text*, with the focus on what *selector* finds."""
        found = self.browser.command("POST", "/element", using="css selector", value=selector)
        self.browser.command("POST", f"/element/{found[ELEMENT]}/value", text=text)

    def key(self, key: str) -> None:
        """Press *key*, as WebDriver names it, wherever the focus is."""
        press = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.browser.command("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": press}])

    @property
    def focus(self) -> str:
        """The id of the element that has the focus."""
        return str(self.browser.run("arguments[0](document.activeElement.id);"))

    def wait(self, selector: str, pattern: str) -> str:
        """Return what the element of *selector* shows once *pattern*, of JavaScript, is found in it."""
        return str(self.browser.run(WAIT_FOR_TEXT, selector, pattern))

    def shown(self, selector: str) -> list[str]:
        """Return the lines that the element of *selector* shows."""
        return self.wait(selector, "").splitlines()

    def is_in_view(self, selector: str) -> bool:
        """Whether all of the element that *selector* finds is on the screen."""
        top, bottom, height = self.browser.run(PLACE, selector)
        return bool(top >= 0 and bottom <= height)

    @property
    def widths(self) -> list[Any]:
        """The CSS pixels that the page takes, and those that there are."""
        found: list[Any] = self.browser.run(WIDTHS)
        return found

    def ask(self, name: str, framework: str) -> str:
        """Press the route of a class, and return the answer once it is shown."""
        self.press(f'[aria-label^="{name} of {framework}:"]')
        # While it is asked, the state says so.
        self.wait("#exchange-state", "^(?!Asked)")
        return self.wait("#answer", "")


class Tour(NamedTuple):
    """What the panels show when each was used; each a list of lines."""

    progress: list[str]
    tasks: list[str]
    paused: list[str]
    download: list[str]
    requests: list[str]
    sound: list[str]
    sought: list[str]
    stopped: list[str]
    lines: list[str]
    set: list[str]
    deleted: list[str]


def walk(page: StartPage) -> Tour:
    """Use each panel that has a beginning and an end."""
    page.press("#progress-start")
    page.press("#lines-start")
    page.wait("#lines-state", "^[1-9][0-9]+ days")
    page.press("#lines-stop")
    stopped = [page.wait("#lines-state", "^Stopped")]
    stopped += [line for line in page.wait("#log", "gone out").splitlines() if line.endswith("gone out")]
    page.press("#lines-start")
    page.press("#order")
    page.press("#cookies-set")
    page.wait("#cookies-sent", "theme")
    cookies = [page.wait("#cookies-sent", ""), page.wait("#cookies-seen", "theme")]
    page.press("#cookies-delete")
    deleted = [page.wait("#cookies-sent", "^{}$"), page.wait("#cookies-seen", "^nothing$")]
    page.press("#download-start")
    page.wait("#download-state", "^([2-9]|1[0-9])[.][0-9]+ MB of")
    page.press("#download-pause")
    paused = [page.wait("#download-state", "^Paused")]
    page.press("[data-seek='540']")
    sound = [page.wait("#sound-state", "^At")]
    page.press("#download-continue")
    return Tour(
        tasks=[page.wait("#order-state", "^All"), *page.shown("#tasks")],
        progress=[page.wait("#progress-state", "^Done")],
        sound=sound,
        sought=page.shown("#sound-requests"),
        lines=[page.wait("#lines-state", "^All"), *page.shown("#days")],
        download=[page.wait("#download-state", "original")],
        requests=page.shown("#download-requests"),
        paused=paused,
        stopped=stopped,
        set=cookies,
        deleted=deleted,
    )


@contextlib.contextmanager
def demo(server: str = "gunicorn:gevent") -> Iterator[Server]:
    """Run the demo as ``examples/serve`` does, until the ``with`` ends."""
    # The grace is short: a page may still hold a connection when the server is to end.
    options = ("--config", "serve_conf.py", "--graceful-timeout", "3")
    with serve(server, "demo:app", *options, folder=EXAMPLES) as running:
        yield running
