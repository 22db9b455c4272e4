"""Every snippet of FastAPI's page on response classes, as a view of Django's: a whole project in one file.

The names of the views, the contents and the classes are the page's. Where it uses one path for several snippets, theirs
begin with the name of the section here. The views return ``Any``, since type checkers know Django's responses
alone.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pydantic import BaseModel
from scratch import scratch_folder

from wsgiresp import BackgroundTask, BackgroundTasks, HTTPException, Response, respond_with
from wsgiresp.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)

PAUSE = float(os.environ.get("DJANGO_APP_PAUSE", "1"))  # s between two chunks; the page waits 1
FOLDER = Path(os.environ.get("DJANGO_APP_FOLDER") or scratch_folder("django_app"))
LOG = FOLDER / "log.txt"

for name, content in {"video.mp4": b"a video\n" * 3, "report.pdf": b"%PDF-1.7\n", "image.png": b"\x89PNG\r\n"}.items():
    (FOLDER / name).write_bytes(content)


# Response


async def custom_response(request: HttpRequest) -> Any:
    return Response(
        content="Custom content",
        media_type="text/plain",
        status_code=200,
        headers={"X-Custom-Header": "value"},
    )


# JSONResponse


async def read_json_items(request: HttpRequest) -> Any:
    return JSONResponse(
        content={"items": ["item1", "item2"]},
        status_code=200,
        headers={"X-Custom-Header": "value"},
    )


class Item(BaseModel):
    name: str
    price: float


@respond_with(response_model=Item)
async def read_model_item(request: HttpRequest) -> Any:
    return Item(name="Portal Gun", price=42.0)


# HTMLResponse


@respond_with(HTMLResponse)
async def read_root(request: HttpRequest) -> Any:
    return """
    <html>
        <head>
            <title>My App</title>
        </head>
        <body>
            <h1>Hello World!</h1>
        </body>
    </html>
    """


async def read_page(request: HttpRequest) -> Any:
    return HTMLResponse(content="<h1>Hello</h1>", status_code=200)


# PlainTextResponse


@respond_with(PlainTextResponse)
async def read_text(request: HttpRequest) -> Any:
    return "Hello, World!"


async def plain(request: HttpRequest) -> Any:
    return PlainTextResponse("Plain text content")


# RedirectResponse


async def old_path(request: HttpRequest) -> Any:
    return RedirectResponse(url="/new-path")


async def redirect(request: HttpRequest) -> Any:
    return RedirectResponse(
        url="https://example.com",
        status_code=302,  # Temporary redirect
    )


# StreamingResponse


async def stream(request: HttpRequest) -> Any:
    async def generate() -> AsyncIterator[str]:
        for i in range(10):
            yield f"data: {i}\n"
            await asyncio.sleep(PAUSE)

    return StreamingResponse(generate(), media_type="text/plain")


async def video(request: HttpRequest) -> Any:
    def iterfile() -> Iterator[bytes]:
        with (FOLDER / "video.mp4").open("rb") as f:
            yield from f

    return StreamingResponse(iterfile(), media_type="video/mp4")


# FileResponse


async def download_file(request: HttpRequest) -> Any:
    return FileResponse(
        path=FOLDER / "report.pdf",
        filename="monthly_report.pdf",
        media_type="application/pdf",
    )


async def get_image(request: HttpRequest) -> Any:
    return FileResponse(FOLDER / "image.png")


# EventSourceResponse


async def events(request: HttpRequest) -> Any:
    async def generate() -> AsyncIterator[Any]:
        for i in range(10):
            yield {"event": "message", "data": f"Event {i}"}
            await asyncio.sleep(PAUSE)

    return EventSourceResponse(generate())


async def notifications(request: HttpRequest) -> Any:
    async def generate() -> AsyncIterator[Any]:
        yield {"event": "start", "data": "Stream started"}
        for i in range(5):
            yield {
                "event": "notification",
                # On the page this is an f-string of a JSON text, which Python refuses for its braces.
                "data": {"message": f"Update {i}"},
                "id": str(i),
            }
            await asyncio.sleep(2 * PAUSE)
        yield {"event": "end", "data": "Stream ended"}

    return EventSourceResponse(generate())


# Setting Default Response Class: in the settings below, for the project and for two namespaces of URLs


async def read_orjson_items(request: HttpRequest) -> Any:
    return {"items": ["item1", "item2"]}


async def read_html_root(request: HttpRequest) -> Any:
    return "<h1>Hello</h1>"


# Declaring Response Class in Path Operation


@respond_with(HTMLResponse)
async def read_html_items(request: HttpRequest) -> Any:
    return "<html><body><h1>Items</h1></body></html>"


# Returning Response Directly


async def read_items(request: HttpRequest) -> Any:
    return JSONResponse(
        content={"message": "Success"},
        status_code=200,
        headers={"X-Custom-Header": "value"},
    )


# Setting Cookies


@require_POST
async def login(request: HttpRequest) -> Any:
    response = JSONResponse(content={"message": "Logged in"})
    response.set_cookie(
        key="session_id",
        value="abc123",
        httponly=True,
        max_age=3600,
        secure=True,
        samesite="lax",
    )
    return response


@require_POST
async def logout(request: HttpRequest) -> Any:
    response = JSONResponse(content={"message": "Logged out"})
    response.delete_cookie(key="session_id")
    return response


# Custom Response Headers


async def read_headers_items(request: HttpRequest, response: Response) -> Any:
    response.headers["X-Custom-Header"] = "Custom Value"
    response.headers["X-Process-Time"] = "0.123"
    return {"items": ["item1", "item2"]}


# Background Tasks


def write_log(message: str) -> None:
    with LOG.open("a") as f:
        f.write(message + "\n")


@require_POST
async def send_notification(request: HttpRequest, background_tasks: BackgroundTasks) -> Any:
    background_tasks.add_task(write_log, "Notification sent")
    return {"message": "Notification sent in background"}


@require_POST
async def process(request: HttpRequest) -> Any:
    response = JSONResponse(content={"status": "processing"})
    response.background = BackgroundTask(write_log, "Processing started")
    return response


# Success with Custom Status


@respond_with(status_code=201)
async def create_item(request: HttpRequest) -> Any:
    return Item.model_validate_json(request.body)


@csrf_exempt
async def items_of_method(request: HttpRequest) -> Any:
    return await (create_item if request.method == "POST" else read_items)(request)


# Error Response, and Custom Error Response

items = {1: {"name": "Portal Gun"}}


async def read_item(request: HttpRequest, item_id: int) -> Any:
    if item_id not in items:
        raise HTTPException(status_code=404, detail="Item not found")
    return items[item_id]


async def read_item_or_error(request: HttpRequest, item_id: int) -> Any:
    if item_id not in items:
        return JSONResponse(
            status_code=404,
            content={"error": "Item not found", "item_id": item_id},
        )
    return items[item_id]


urlpatterns = [
    path("custom", custom_response),
    path("json/items", read_json_items),
    path("model/items", read_model_item),
    path("", read_root),
    path("page", read_page),
    path("text", read_text),
    path("plain", plain),
    path("old-path", old_path),
    path("redirect", redirect),
    path("stream", stream),
    path("video", video),
    path("download", download_file),
    path("image", get_image),
    path("events", events),
    path("notifications", notifications),
    path("orjson/", include(([path("items", read_orjson_items)], "orjson"))),
    path("html/", include(([path("root", read_html_root), path("items", read_html_items)], "html"))),
    path("items", items_of_method),
    path("login", login),
    path("logout", logout),
    path("headers/items", read_headers_items),
    path("send-notification", send_notification),
    path("process", process),
    path("items/<int:item_id>", read_item),
    path("custom-error/items/<int:item_id>", read_item_or_error),
]

if not settings.configured:  # a process has one project: that of whoever imports this from another
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        INSTALLED_APPS=["wsgiresp.adapters.django.ResponsesConfig"],
        MIDDLEWARE=["wsgiresp.adapters.django.ResponseMiddleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=secrets.token_hex(),
        WSGIRESP={
            "DEFAULT_RESPONSE_CLASS": "wsgiresp.responses.JSONResponse",  # which it is without a setting, too
            "NAMESPACES": {
                "html": "wsgiresp.responses.HTMLResponse",
                "orjson": "wsgiresp.responses.ORJSONResponse",
            },
        },
    )
app = get_wsgi_application()
asgi = get_asgi_application()
