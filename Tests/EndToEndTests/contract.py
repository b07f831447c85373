"""openapi.yaml, to hold answers against."""

import re
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]


@cache
def document():
    return yaml.safe_load((ROOT / "openapi.yaml").read_text())


def resolved(node):
    while "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


@cache
def operations():
    """Method, pattern of the path, operation; fixed paths before those with parameters."""
    found = []
    for path, item in document()["paths"].items():
        pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + "$")
        found += [(method.upper(), pattern, operation, path) for method, operation in item.items() if method != "parameters"]
    return sorted(found, key=lambda entry: entry[3].count("{"))


def operation_of(method, path):
    return next((o for m, pattern, o, _ in operations() if m == method and pattern.match(path)), None)


def violation(method, path, answer):
    """What an answer says that the document does not; None when it says nothing else."""
    operation = operation_of(method, path.split("?")[0])
    if operation is None:
        return None
    response = operation["responses"].get(str(answer.status_code))
    if response is None:
        return f"{method} {path} may not answer {answer.status_code}"
    content = {kind.split(";")[0]: value for kind, value in resolved(response).get("content", {}).items()}
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if not content:
        return f"{method} {path} answers {answer.status_code} with a body" if answer.content else None
    if kind not in content:
        return f"{method} {path} answers {answer.status_code} as {kind!r}"
    if kind == "application/json":
        schema = {"components": document()["components"], **content[kind]["schema"]}
        errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in Draft202012Validator(schema).iter_errors(answer.json())]
        if errors:
            return f"{method} {path} answers {answer.status_code}: {errors}"
    return None
