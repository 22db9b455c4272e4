"""sentry-sdk and OpenTelemetry with exporters in memory: what each sees of a request."""

from __future__ import annotations

from typing import Any

from gevent import GreenletExit
from telemetry.views import Views, bare_app, django_app, flask_app


class Sentry:
    """sentry-sdk, which sends its envelopes into a list."""

    def __init__(self) -> None:
        import sentry_sdk
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.integrations.flask import FlaskIntegration
        from sentry_sdk.transport import Transport

        items: list[Any] = []

        class Memory(Transport):
            def capture_envelope(self, envelope: Any) -> None:
                items.extend((item.type, item.payload.json) for item in envelope.items)

        self._items = items
        self._sdk = sentry_sdk
        sentry_sdk.init(
            dsn="http://key@127.0.0.1/1",
            transport=Memory,
            traces_sample_rate=1.0,
            # Those of other packages: the import of openai alone takes half a minute with the oldest pydantic.
            auto_enabling_integrations=False,
            integrations=[DjangoIntegration(), FlaskIntegration()],
            # As docs/how-to/trace-and-report-errors.md says: they tell a server that the transfer is broken off.
            ignore_errors=[BrokenPipeError, GreenletExit],
        )

    def apps(self, views: Views) -> dict[str, Any]:
        """Return the applications by framework."""
        from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

        return {
            "flask": flask_app(views),
            "django": django_app(views)(),
            "wsgi": SentryWsgiMiddleware(bare_app(views)),
        }

    def fields(self, trace: str) -> dict[str, str]:
        """Return the header fields of a request that continues *trace*."""
        return {"sentry-trace": f"{trace}-{trace[:16]}-1"}

    def current(self) -> str:
        """Return the id of the current trace, and that of the trace of the isolation scope where it is another."""
        current = self._sdk.get_traceparent().partition("-")[0]
        scope = self._sdk.get_isolation_scope()
        isolated = scope.get_active_propagation_context().trace_id
        return current if current == isolated else f"{current} in the scope of {isolated}"

    def span(self, name: str) -> Any:
        """Return a context manager in which a span of this name is current."""
        return self._sdk.start_span(name=name)

    def forget(self) -> None:
        """Forget what was reported."""
        self._items.clear()

    def report(self, outcome: Any, last: float) -> None:
        """Put into *outcome* what was reported of its request; *last* is the time of the last byte."""
        for kind, payload in self._items:
            if kind == "event":
                values = payload.get("exception", {}).get("values", [])
                names = " ".join(value["type"] for value in values)
                message = payload.get("logentry", {}).get("message", "")
                params = payload.get("logentry", {}).get("params", [])
                outcome.reported.append(f"{names}: {message} {params}")
            elif kind == "transaction":
                outcome.spans.append(payload["contexts"]["trace"]["trace_id"])


class OpenTelemetry:
    """OpenTelemetry's SDK, which exports its spans into a list."""

    def __init__(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._trace = trace
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        trace.set_tracer_provider(provider)

    def apps(self, views: Views) -> dict[str, Any]:
        """Return the applications by framework."""
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.flask import FlaskInstrumentor
        from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

        app = flask_app(views)
        FlaskInstrumentor().instrument_app(app)
        handler = django_app(views)
        DjangoInstrumentor().instrument()
        return {"flask": app, "django": handler(), "wsgi": OpenTelemetryMiddleware(bare_app(views))}

    def fields(self, trace: str) -> dict[str, str]:
        """Return the header fields of a request that continues *trace*."""
        return {"traceparent": f"00-{trace}-{trace[:16]}-01"}

    def current(self) -> str:
        """Return the id of the trace of the current span."""
        return format(self._trace.get_current_span().get_span_context().trace_id, "032x")

    def span(self, name: str) -> Any:
        """Return a context manager in which a span of this name is current."""
        return self._trace.get_tracer("tests").start_as_current_span(name)

    def forget(self) -> None:
        """Forget what was exported."""
        self._exporter.clear()

    def report(self, outcome: Any, last: float) -> None:
        """Put into *outcome* what was exported of its request; *last* is the time of the last byte."""
        for span in self._exporter.get_finished_spans():
            trace = format(span.context.trace_id, "032x")
            if span.kind is not self._trace.SpanKind.SERVER:
                outcome.source_spans.append(trace)
                continue
            outcome.spans.append(trace)
            outcome.span_ended_after_last_byte = span.end_time / 1e9 >= last
            outcome.reported += [str(event.attributes["exception.type"]) for event in span.events]


TOOLS = {"sentry": Sentry, "opentelemetry": OpenTelemetry}
