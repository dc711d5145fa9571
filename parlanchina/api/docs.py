"""The API's reference page: the OpenAPI document as plain HTML. No script, nothing from elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

__all__ = ["router"]

router = APIRouter()

Json = dict[str, Any]  # Any: an OpenAPI document

_STYLE = """
:root { color-scheme: light dark; --accent: #ff6b4a; --muted: #6b7280; --line: #e5e7eb; --soft: #f1f5f9; }
@media (prefers-color-scheme: dark) { :root { --muted: #a1a1aa; --line: #374151; --soft: #262626; } }
body { max-width: 880px; margin: 2rem auto; padding: 0 1rem; font: 16px/1.6 system-ui, sans-serif; }
h2 { margin-top: 3rem; } h3 { font-size: 1rem; margin: 0; } code, pre { font: 14px/1.5 ui-monospace, monospace; }
section { border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.25rem; margin: 1rem 0; }
.method { color: var(--accent); font-weight: 700; margin-right: .5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25rem .5rem; }
th, .muted { color: var(--muted); font-weight: 400; } tr + tr { border-top: 1px solid var(--line); }
pre { background: var(--soft); border-radius: 8px; padding: .75rem; overflow-x: auto; }
"""
_POLICY = "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-{digest}'"
_HEADERS = {
    "Content-Security-Policy": _POLICY.format(digest=base64.b64encode(sha256(_STYLE.encode()).digest()).decode())
}


@router.get("/api/docs", include_in_schema=False)
async def docs_page(request: Request) -> Response:
    """The reference, to read."""
    return HTMLResponse("".join(_page(request.app.openapi())), headers=_HEADERS)


def _page(document: Json) -> Iterator[str]:
    title, summary = escape(document["info"]["title"]), escape(document["info"]["summary"])
    yield '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield f"<title>{title} API</title><style>{_STYLE}</style><h1>{title} API</h1><p>{summary}</p>"
    yield '<p class="muted">For a program: <a href="/api/openapi.json">the OpenAPI document</a>.</p>'
    tag = None
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                yield f"<h2>{escape(tag)}</h2>"
            yield from _operation(path, method, operation)
    yield "<h2>Shapes</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3>'
        yield f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre></section>"
    yield "</html>"


def _operation(path: str, method: str, operation: Json) -> Iterator[str]:
    yield f'<section><h3><code><span class="method">{method.upper()}</span>{escape(path)}</code></h3>'
    yield f"<p>{escape(operation.get('description') or operation['summary'])}</p><table>"
    for parameter in operation.get("parameters", ()):
        yield f"<tr><th>{escape(parameter['in'])}</th><td><code>{escape(parameter['name'])}</code></td>"
        yield f"<td>{escape(parameter.get('description', ''))}</td></tr>"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<tr><th>body</th><td>{escape(media_type)}</td><td>{_shape(content)}</td></tr>"
    for status, answer in operation["responses"].items():
        shapes = {_shape(content): None for content in answer.get("content", {}).values()}
        yield f"<tr><th>{escape(status)}</th><td>{escape(answer['description'])}</td><td>{' '.join(shapes)}</td></tr>"
    yield "</table></section>"


def _shape(content: Json) -> str:
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>' if name else ""
