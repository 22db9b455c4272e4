"""A Chromium without a window, driven through chromedriver as the WebDriver standard of the W3C has it.

It starts with an empty profile, and can reach nothing but 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clients.external_programs import PATIENCE, environ
from servers.server_processes import Log

FLAGS = (
    "--headless",
    "--no-sandbox",  # root has none, and neither do many containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Browser:
    """A running browser; made by :func:`browse`."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._session = "/session"

    def command(self, method: str, path: str, **parameters: Any) -> Any:
        """Return the value that a command of the session answers; ``RuntimeError`` with what it says where it fails."""
        body = json.dumps(parameters) if method == "POST" else None
        self._connection.request(method, self._session + path, body, {"Content-Type": "application/json"})
        with self._connection.getresponse() as answer:
            value = json.load(answer)["value"]
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def start(self, profile: Path) -> None:
        """Start the browser, with *profile* for its files."""
        options = {"binary": shutil.which("chromium"), "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": PATIENCE * 1000, "pageLoad": PATIENCE * 1000},
        }
        session = self.command("POST", "", capabilities={"alwaysMatch": wanted})
        self._session += "/" + session["sessionId"]

    def open(self, url: str) -> None:
        """Show the page at *url* and wait until it is loaded."""
        self.command("POST", "/url", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what *script* hands to the function that is the last of its arguments."""
        return self.command("POST", "/execute/async", script=script, args=arguments)

    @contextlib.contextmanager
    def tab(self) -> Iterator[None]:
        """Do what follows in a new tab, which is closed when the ``with`` ends."""
        before = self.command("GET", "/window")
        self.command("POST", "/window", handle=self.command("POST", "/window/new", type="tab")["handle"])
        try:
            yield
        finally:
            self.command("DELETE", "/window")
            self.command("POST", "/window", handle=before)

    def complaints(self) -> list[str]:
        """Return what the browser has written on its console since this was called last."""
        return [entry["message"] for entry in self.command("POST", "/se/log", type="browser")]

    def requested(self) -> list[str]:
        """Return the URLs that pages have asked for since this was called last."""
        entries = self.command("POST", "/se/log", type="performance")
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [event["request"]["url"] for event in sent]

    def save_into(self, folder: Path) -> None:
        """Save downloads into *folder* from now on, without a question."""
        behaviour = {"behavior": "allow", "downloadPath": str(folder)}
        self.command("POST", "/goog/cdp/execute", cmd="Browser.setDownloadBehavior", params=behaviour)

    def become_a_phone(self, width: int, height: int) -> None:
        """Show pages from now on as a phone does whose screen has so many CSS pixels."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
        self.command("POST", "/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=screen)

    def become_a_desktop(self) -> None:
        """Show pages from now on in a window."""
        self.command("POST", "/goog/cdp/execute", cmd="Emulation.clearDeviceMetricsOverride", params={})

    def quit(self) -> None:
        """End the browser."""
        self.command("DELETE", "")
        self._connection.close()


@contextlib.contextmanager
def browse(home: Path) -> Iterator[Browser]:
    """Run a browser whose files are in the empty folder *home*, until the ``with`` ends."""
    driver = subprocess.Popen(
        ["chromedriver", "--port=0"],
        env=environ(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    if driver.stdout is None:
        raise RuntimeError("the process has no stdout")
    log = Log(driver.stdout)
    try:
        browser = Browser(int(log.wait_for(r"started successfully on port (\d+)")[1]))
        browser.start(home / "profile")
        yield browser
        browser.quit()
    except BaseException as error:
        error.add_note(f"The log of chromedriver:\n{log.text}")
        raise
    finally:
        # The session of processes that was made for it: a browser may be left as well.
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait(PATIENCE)
