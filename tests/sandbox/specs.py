"""Checks requests and answers against HubSpot's own OpenAPI files, when they lie beside the project."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # stubs are not among our requirements

from .records import Json, Value

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "hubspot" / "specs"


class Breach(AssertionError):
    """A body that HubSpot's files do not allow."""


def present() -> bool:
    """Are the files there?"""
    return FOLDER.is_dir()


@cache
def _routes() -> list[tuple[list[str], str, Path]]:
    """All path templates of the 2026-03 files: words, template, file."""
    found: list[tuple[list[str], str, Path]] = []
    for path in sorted(FOLDER.glob("*.2026-03.json")):
        found += [
            (template.strip("/").split("/"), template, path) for template in _load(path)["paths"]
        ]
    return sorted(found, key=lambda one: sum(word.startswith("{") for word in one[0]))


@cache
def _load(path: Path) -> Json:
    loaded: Json = json.loads(path.read_text(encoding="utf-8"))
    _loosen(loaded["components"]["schemas"])
    return loaded


def _loosen(node: Value, name: str = "") -> None:
    """What the files get wrong or JSON Schema words differently: nullable, null values and labels, subcategories."""
    if isinstance(node, list):
        for one in node:
            _loosen(one)
    if not isinstance(node, dict):
        return
    if node.get("nullable") and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    if name in {"properties", "label"} and isinstance(node.get("additionalProperties"), dict):
        node["additionalProperties"] = {"type": ["string", "null"]}
    if name == "label" and node.get("type") == "string":
        node["type"] = ["string", "null"]
    if name == "subCategory":
        node.clear()
    for key, one in list(node.items()):
        _loosen(one, key)


@cache
def _validator(path: Path, schema: str) -> Any:  # noqa: ANN401  jsonschema is untyped
    body = {**json.loads(schema), "components": _load(path)["components"]}
    return jsonschema.Draft7Validator(body)


def _operation(method: str, path: str) -> tuple[Json, Path] | None:
    words = path.strip("/").split("/")
    for template, text, file in _routes():
        if len(template) == len(words) and all(
            a.startswith("{") or a == b for a, b in zip(template, words, strict=True)
        ):
            operation = _load(file)["paths"][text].get(method.lower())
            if operation is not None:
                return operation, file
    return None


def knows(method: str, path: str) -> bool:
    """Is this route in the files?"""
    return _operation(method, path) is not None


def check(method: str, path: str, said: Value, status: int, answer: Value) -> None:
    """Raises Breach when a good call's body, or any answer, is not as the files say."""
    found = _operation(method, path)
    if found is None:
        return
    operation, file = found
    if status < 400 and said is not None:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            _hold(file, content["schema"], said, f"{method} {path} request")
    if status >= 400:
        _hold(file, {"$ref": "#/components/schemas/Error"}, answer, f"{method} {path} {status}")
        return
    declared = operation["responses"].get(str(status))
    if declared is None:
        raise Breach(
            f"{method} {path} answered {status}; declared are {sorted(operation['responses'])}"
        )
    for content in declared.get("content", {}).values():
        _hold(file, content["schema"], answer, f"{method} {path} {status}")


def _hold(file: Path, schema: Json, body: Value, where: str) -> None:
    errors = sorted(_validator(file, json.dumps(schema, sort_keys=True)).iter_errors(body), key=str)
    if errors:
        told = "; ".join(
            f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in errors[:5]
        )
        raise Breach(f"{where} against {file.name}: {told}")
