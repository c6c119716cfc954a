"""The API reference as one page of plain HTML, made from the OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{border-top:1px solid #8888;padding-top:1rem}code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;padding:.75rem;border:1px solid #8888;border-radius:4px}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}
"""


def render(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body><main>",
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info['description'])}</p>",
            '<p>For a generated client: <a href="/openapi.json">openapi.json</a>.</p>',
            *_operations(document),
            "<h2>Schemas</h2>",
            *(
                f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{_text(schema)}</p>{_fields(schema)}'
                for name, schema in document["components"]["schemas"].items()
            ),
            "</main></body></html>",
        ]
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f'<h2 id="{escape(operation["operationId"])}">{method.upper()} <code>{escape(path)}</code></h2>'
            yield f"<p><strong>{escape(operation['summary'])}.</strong> {escape(operation.get('description', ''))}</p>"
            parameters = operation.get("parameters", [])
            if parameters:
                yield "<table><thead><tr><th>parameter</th><th>in</th><th>meaning</th></tr></thead><tbody>"
                for one in parameters:
                    name = escape(one["name"])
                    yield f"<tr><td><code>{name}</code></td><td>{one['in']}</td><td>{_text(one)}</td></tr>"
                yield "</tbody></table>"
            body = operation.get("requestBody")
            if body:
                schema = body["content"]["application/json"]["schema"]
                example = json.dumps(schema.get("examples", [{}])[0], indent=2, ensure_ascii=False)
                yield f"<p>Body, for example:</p><pre>{escape(example)}</pre>{_fields(schema)}"
            yield "<table><thead><tr><th>status</th><th>meaning</th><th>body</th></tr></thead><tbody>"
            for status, response in operation["responses"].items():
                yield f"<tr><td>{status}</td><td>{_text(response)}</td><td>{_bodies(response)}</td></tr>"
            yield "</tbody></table>"


def _text(described: Mapping[str, Any]) -> str:
    return escape(str(described.get("description", "")))


def _bodies(response: Mapping[str, Any]) -> str:
    return ", ".join(_kind(content["schema"]) for content in response.get("content", {}).values())


def _fields(schema: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_kind(one)}</td><td>{_text(one)}</td></tr>"
        for name, one in schema.get("properties", {}).items()
    )
    return f"<table><thead><tr><th>member</th><th>type</th><th>meaning</th></tr></thead><tbody>{rows}</tbody></table>"


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    return escape(" ".join(str(schema[name]) for name in ("type", "format") if name in schema)) or "any"
