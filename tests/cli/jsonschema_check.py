"""A checker for the part of JSON Schema that mammon writes, independent of how it is written."""

from __future__ import annotations

import re
from typing import Any


def faults(
    schema: dict[str, Any], value: Any, root: dict[str, Any] | None = None, path: str = "$"
) -> list[str]:
    """Return what is wrong with a value, empty when it fits; an unknown keyword is a fault."""
    root = root or schema
    if "$ref" in schema:
        return faults(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, path)
    if "anyOf" in schema:
        return (
            []
            if any(not faults(each, value, root, path) for each in schema["anyOf"])
            else [f"{path}: none fits"]
        )
    found: list[str] = []
    for keyword, rule in schema.items():
        check = CHECKS.get(keyword)
        if check is None:
            assert keyword in PASSED, f"unknown keyword {keyword}"
        elif not check(rule, value):
            found.append(f"{path}: {keyword} {rule!r}")
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        if not schema.get("additionalProperties", True):
            found += [f"{path}.{key}: unknown" for key in value if key not in known]
        for key in value.keys() & known.keys():
            found += faults(known[key], value[key], root, f"{path}.{key}")
    if isinstance(value, list):
        heads = schema.get("prefixItems", [schema.get("items", {})] * len(value))
        for index, (each, item) in enumerate(zip(heads, value, strict=False)):
            found += faults(each, item, root, f"{path}[{index}]")
    return found


def _type(rule: Any, value: Any) -> bool:
    names = rule if isinstance(rule, list) else [rule]
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "null": type(None),
        "integer": int,
    }
    return any(type(value) is kinds[name] for name in names)


CHECKS = {
    "type": _type,
    "const": lambda rule, value: value == rule,
    "enum": lambda rule, value: value in rule,
    "pattern": lambda rule, value: not isinstance(value, str) or re.search(rule, value) is not None,
    "minimum": lambda rule, value: not isinstance(value, int) or value >= rule,
    "maximum": lambda rule, value: not isinstance(value, int) or value <= rule,
    "required": lambda rule, value: not isinstance(value, dict) or set(rule) <= set(value),
    "minItems": lambda rule, value: not isinstance(value, list) or len(value) >= rule,
    "maxItems": lambda rule, value: not isinstance(value, list) or len(value) <= rule,
}
PASSED = {"properties", "additionalProperties", "items", "prefixItems", "$defs", "$schema", "$id", "title"}
