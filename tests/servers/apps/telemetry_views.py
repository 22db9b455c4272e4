"""The views of ``telemetry/views.py`` in Flask, with sentry-sdk and OpenTelemetry, which write what they see to stdout.

A line is ``span NAME TRACE`` for each span that ends, and ``event ERROR MESSAGE`` for each error that is reported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import sentry_sdk
from gevent import GreenletExit
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.transport import Transport
from telemetry.views import Views, flask_app


def say(*words: object) -> None:
    """Write a line in one piece: those of several threads must not be mixed."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class PrintedEvents(Transport):
    """Prints the errors that sentry-sdk reports."""

    def capture_envelope(self, envelope: Any) -> None:
        for item in envelope.items:
            if item.type == "event":
                event = item.payload.json
                names = [value["type"] for value in event.get("exception", {}).get("values", [])]
                entry = event.get("logentry", {})
                say("event", *names, entry.get("message", ""), *entry.get("params", ()))


class PrintedSpans(SpanExporter):
    """Prints the spans that end."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            say("span", span.name, format(span.context.trace_id, "032x"))
        return SpanExportResult.SUCCESS


class PrintingViews(Views):
    """Views that print which trace is current, by place."""

    def note(self, place: str) -> None:
        super().note(place)
        say("note", place, self.seen[place])


def current() -> str:
    """Return the id of the trace of the current span."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")


sentry_sdk.init(
    dsn="http://key@127.0.0.1/1",
    transport=PrintedEvents,
    traces_sample_rate=1.0,
    # Others are of packages that happen to be installed: the import of one may take half a minute.
    auto_enabling_integrations=False,
    integrations=[FlaskIntegration()],
    ignore_errors=[BrokenPipeError, GreenletExit],
)
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(PrintedSpans()))
trace.set_tracer_provider(provider)
app = flask_app(PrintingViews(current, trace.get_tracer("tests").start_as_current_span))
FlaskInstrumentor().instrument_app(app)
