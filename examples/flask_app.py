"""Every snippet of FastAPI's page on response classes, as a view of Flask's.

The names of the views, the contents and the classes are the page's. Where it uses one path for several snippets, theirs
begin with the name of the section here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, request
from pydantic import BaseModel
from scratch import scratch_folder

from wsgiresp import BackgroundTask, BackgroundTasks, HTTPException, Response, respond_with
from wsgiresp.adapters.flask import Blueprint, Responses
from wsgiresp.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)

app = Flask(__name__)
Responses(app, default_response_class=JSONResponse)  # as FastAPI has it; without, dicts are Flask's own affair

PAUSE = 1.0  # s between two chunks; the page waits as long
FOLDER = Path(os.environ.get("FLASK_APP_FOLDER") or scratch_folder("flask_app"))
LOG = FOLDER / "log.txt"

for name, content in {"video.mp4": b"a video\n" * 3, "report.pdf": b"%PDF-1.7\n", "image.png": b"\x89PNG\r\n"}.items():
    (FOLDER / name).write_bytes(content)


# Response


@app.get("/custom")
async def custom_response() -> Response:
    return Response(
        content="Custom content",
        media_type="text/plain",
        status_code=200,
        headers={"X-Custom-Header": "value"},
    )


# JSONResponse


@app.get("/json/items")
async def read_json_items() -> Response:
    return JSONResponse(
        content={"items": ["item1", "item2"]},
        status_code=200,
        headers={"X-Custom-Header": "value"},
    )


class Item(BaseModel):
    name: str
    price: float


@app.get("/model/items")
@respond_with(response_model=Item)
async def read_model_item() -> Item:
    return Item(name="Portal Gun", price=42.0)


# HTMLResponse


@app.get("/")
@respond_with(HTMLResponse)
async def read_root() -> str:
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


@app.get("/page")
async def read_page() -> Response:
    return HTMLResponse(content="<h1>Hello</h1>", status_code=200)


# PlainTextResponse


@app.get("/text")
@respond_with(PlainTextResponse)
async def read_text() -> str:
    return "Hello, World!"


@app.get("/plain")
async def plain() -> Response:
    return PlainTextResponse("Plain text content")


# RedirectResponse


@app.get("/old-path")
async def old_path() -> Response:
    return RedirectResponse(url="/new-path")


@app.get("/redirect")
async def redirect() -> Response:
    return RedirectResponse(
        url="https://example.com",
        status_code=302,  # Temporary redirect
    )


# StreamingResponse


@app.get("/stream")
async def stream() -> Response:
    async def generate() -> AsyncIterator[str]:
        for i in range(10):
            yield f"data: {i}\n"
            await asyncio.sleep(PAUSE)

    return StreamingResponse(generate(), media_type="text/plain")


@app.get("/video")
async def video() -> Response:
    def iterfile() -> Iterator[bytes]:
        with (FOLDER / "video.mp4").open("rb") as f:
            yield from f

    return StreamingResponse(iterfile(), media_type="video/mp4")


# FileResponse


@app.get("/download")
async def download_file() -> Response:
    return FileResponse(
        path=FOLDER / "report.pdf",
        filename="monthly_report.pdf",
        media_type="application/pdf",
    )


@app.get("/image")
async def get_image() -> Response:
    return FileResponse(FOLDER / "image.png")


# EventSourceResponse


@app.get("/events")
async def events() -> Response:
    async def generate() -> AsyncIterator[Any]:
        for i in range(10):
            yield {"event": "message", "data": f"Event {i}"}
            await asyncio.sleep(PAUSE)

    return EventSourceResponse(generate())


@app.get("/notifications")
async def notifications() -> Response:
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


# Setting Default Response Class: for an application it is set above, where the extension is made

orjson_router = Blueprint("orjson", __name__, url_prefix="/orjson", default_response_class=ORJSONResponse)
html_router = Blueprint("html", __name__, url_prefix="/html", default_response_class=HTMLResponse)


@orjson_router.get("/items")
async def read_orjson_items() -> Any:
    return {"items": ["item1", "item2"]}


@html_router.get("/root")
async def read_html_root() -> str:
    return "<h1>Hello</h1>"


app.register_blueprint(orjson_router)
app.register_blueprint(html_router)


# Declaring Response Class in Path Operation


@app.get("/html/items")
@respond_with(HTMLResponse)
async def read_html_items() -> str:
    return "<html><body><h1>Items</h1></body></html>"


# Returning Response Directly


@app.get("/items")
async def read_items() -> Response:
    return JSONResponse(
        content={"message": "Success"},
        status_code=200,
        headers={"X-Custom-Header": "value"},
    )


# Setting Cookies


@app.post("/login")
async def login() -> Response:
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


@app.post("/logout")
async def logout() -> Response:
    response = JSONResponse(content={"message": "Logged out"})
    response.delete_cookie(key="session_id")
    return response


# Custom Response Headers


@app.get("/headers/items")
async def read_headers_items(response: Response) -> Any:
    response.headers["X-Custom-Header"] = "Custom Value"
    response.headers["X-Process-Time"] = "0.123"
    return {"items": ["item1", "item2"]}


# Background Tasks


def write_log(message: str) -> None:
    with LOG.open("a") as f:
        f.write(message + "\n")


@app.post("/send-notification")
async def send_notification(background_tasks: BackgroundTasks) -> Any:
    background_tasks.add_task(write_log, "Notification sent")
    return {"message": "Notification sent in background"}


@app.post("/process")
async def process() -> Response:
    response = JSONResponse(content={"status": "processing"})
    response.background = BackgroundTask(write_log, "Processing started")
    return response


# Success with Custom Status


@app.post("/items")
@respond_with(status_code=201)
async def create_item() -> Item:
    return Item.model_validate(request.get_json())


# Error Response, and Custom Error Response

items = {1: {"name": "Portal Gun"}}


@app.get("/items/<int:item_id>")
async def read_item(item_id: int) -> Any:
    if item_id not in items:
        raise HTTPException(status_code=404, detail="Item not found")
    return items[item_id]


@app.get("/custom-error/items/<int:item_id>")
async def read_item_or_error(item_id: int) -> Any:
    if item_id not in items:
        return JSONResponse(
            status_code=404,
            content={"error": "Item not found", "item_id": item_id},
        )
    return items[item_id]
