"""Visitors of what is known when it is answered: pages, documents, redirects, cookies, tasks, routes of frameworks."""

from __future__ import annotations

import json

from examples.readme_tables import rows, shows

from .visitors import Visitor, require

ROWS = rows()
LOGGED = "plain_app: answered {} /background"
LOCAL = {"etag", "last-modified"}  # what the README leaves out as well

ITEMS = b'{"items":["item1","item2"]}'
ITEM = {"name": "Portal Gun", "price": 42.0}
# What both frameworks' examples answer alike: method, path, body of the request, status, what the answer's body holds.
ROUTES = [
    ("GET", "/", b"", 200, b"<h1>Hello World!</h1>"),
    ("GET", "/custom", b"", 200, b"Custom content"),
    ("GET", "/json/items", b"", 200, ITEMS),
    ("GET", "/model/items", b"", 200, b'{"name":"Portal Gun","price":42.0}'),
    ("GET", "/page", b"", 200, b"<h1>Hello</h1>"),
    ("GET", "/text", b"", 200, b"Hello, World!"),
    ("HEAD", "/text", b"", 200, b""),
    ("GET", "/plain", b"", 200, b"Plain text content"),
    ("GET", "/old-path", b"", 307, b""),
    ("GET", "/redirect", b"", 302, b""),
    ("GET", "/orjson/items", b"", 200, ITEMS),
    ("GET", "/html/root", b"", 200, b"<h1>Hello</h1>"),
    ("GET", "/html/items", b"", 200, b"<h1>Items</h1>"),
    ("GET", "/items", b"", 200, b'{"message":"Success"}'),
    ("POST", "/items", json.dumps(ITEM).encode(), 201, b'{"name":"Portal Gun","price":42.0}'),
    ("POST", "/login", b"", 200, b'{"message":"Logged in"}'),
    ("POST", "/logout", b"", 200, b'{"message":"Logged out"}'),
    ("GET", "/headers/items", b"", 200, ITEMS),
    ("GET", "/items/1", b"", 200, b'{"name":"Portal Gun"}'),
    ("GET", "/items/2", b"", 404, b'{"detail":"Item not found"}'),
    ("GET", "/custom-error/items/2", b"", 404, b'{"error":"Item not found","item_id":2}'),
]


class Pages(Visitor):
    """Asks for the rows of the README, and gets what they say, to the byte what the first got."""

    kind = "rows of the README"
    pause = 0.05

    def visit(self) -> None:
        row = self.chance.choice(ROWS)
        answer = self.exchange(row.method, row.target)
        if row.target == "/background":
            self.run.tasks[LOGGED.format(row.method)] += 1
        if not self.run.require_same(row.request, answer):
            return
        require(answer.status == int(row.status), row.request, answer.status)
        fields = [f"{name}: {value}" for name, value in answer.fields if name.lower() not in LOCAL]
        missing = {f"Content-Type: {row.content_type}", *row.fields()} - set(fields)
        require(not missing, f"{row.request} lacks", missing)
        require(shows(row.body, answer.body), row.request, answer.body)


class Documents(Visitor):
    """Asks for as many days as it likes, by either encoder, and gets that many."""

    kind = "JSON"
    pause = 0.2

    def visit(self) -> None:
        limit = self.chance.randint(1, 1096)
        target = self.fate("/json", "/orjson")
        answer = self.exchange("GET", f"{target}?limit={limit}")
        document = json.loads(answer.body)
        days = len(document["days"])
        require((answer.status, days) == (200, limit), f"{target} with a limit of {limit}", days)
        require(answer.values("Content-Length") == [str(len(answer.body))], target, answer.fields)


class Cookies(Visitor):
    """Sends cookies that nobody else has, and hears of them; gets two, and loses them."""

    kind = "cookies"
    pause = 0.2

    def visit(self) -> None:
        mine = {"theme": f"{self.chance.random()}", "session": f"{self.chance.getrandbits(64):x}"}
        sent = "; ".join(f"{name}={value}" for name, value in mine.items())
        answer = self.exchange("GET", "/cookies", ("Cookie", sent))
        require(json.loads(answer.body) == mine, f"cookies {mine!r}", answer.body)
        for target in ("/cookies/set", "/cookies/delete"):
            self.run.require_same(target, self.exchange("GET", target, ("Cookie", sent)))


class Framework(Visitor):
    """Asks for the routes of one framework's example, below *mount*."""

    mount = ""
    pause = 0.1

    def visit(self) -> None:
        method, path, body, status, held = self.chance.choice(ROUTES)
        fields = [("Content-Type", "application/json")] if body else []
        target = self.mount + path
        answer = self.exchange(method, target, *fields, body=body)
        if self.run.require_same(f"{method} {target}", answer):
            require(answer.status == status, f"{method} {target}", answer.status)
            require(held in answer.body, f"{method} {target}", answer.body)


class Flask(Framework):
    """Asks for Flask's views."""

    kind = "Flask's views"
    mount = "/flask"


class Django(Framework):
    """Asks for Django's views."""

    kind = "Django's views"
    mount = "/django"


class Tasks(Visitor):
    """Has tasks run, plain ones and those of frameworks; who counts them is the log."""

    kind = "background tasks"
    pause = 0.2

    def visit(self) -> None:
        method, target, line = self.fate(
            ("GET", "/background", LOGGED.format("GET")),
            ("POST", "/flask/send-notification", "flask: Notification sent"),
            ("POST", "/flask/process", "flask: Processing started"),
            ("POST", "/django/send-notification", "django: Notification sent"),
            ("POST", "/django/process", "django: Processing started"),
        )
        answer = self.exchange(method, target)
        self.run.tasks[line] += 1
        self.run.require_same(f"{method} {target}", answer)
        require(answer.status == 200, target, answer.status)
