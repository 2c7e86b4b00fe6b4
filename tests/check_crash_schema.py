"""check_crash_schema.py SCHEMA CRASH... - is that what the schema says, and no more?

Each CRASH, a crash.json, must be valid, and have no key that the schema does not
name. Then it is damaged in every place, and what is damaged must be refused: a
schema that allows everything would be none.
"""
import copy
import json
import sys

from jsonschema import Draft202012Validator

OPTIONAL = {"histogram"}


def strict(schema):
    """The same, that allows only the keys it names."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        if isinstance(schema.get("properties"), dict):
            schema["additionalProperties"] = False
        return schema
    return [strict(value) for value in schema] if isinstance(
        schema, list) else schema


def smaller(document):
    """Of each list a few elements: enough to damage."""
    return {key: value[:2] if isinstance(value, list) else value
            for key, value in document.items()}


def places(value, path=()):
    pairs = (value.items() if isinstance(value, dict) else
             enumerate(value) if isinstance(value, list) else ())
    for key, element in pairs:
        yield path + (key,)
        yield from places(element, path + (key,))


def damages(document, path):
    """The same without that place, or with what cannot be there."""
    for junk in (None, {"no": "thing"}, -1):
        damaged = copy.deepcopy(document)
        parent = damaged
        for step in path[:-1]:
            parent = parent[step]
        if junk is None:
            if isinstance(path[-1], int) or path[-1] in OPTIONAL:
                continue
            del parent[path[-1]]
        else:
            parent[path[-1]] = junk
        yield "missing" if junk is None else junk, damaged


def main():
    schema_path, *paths = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(strict(schema))
    count = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        for error in validator.iter_errors(document):
            sys.exit(f"FAIL: {path}: {error.json_path}: {error.message[:200]}")
        document = smaller(document)
        for place in places(document):
            for junk, damaged in damages(document, place):
                count += 1
                if validator.is_valid(damaged):
                    sys.exit(f"FAIL: {path}: {place} may be {junk}")
    print(f"{len(paths)} valid, {count} damaged campaigns: all of these refused")


main()
