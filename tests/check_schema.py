"""check_schema.py SCHEMA RESULT IPCMARK - do schema and loader agree?

RESULT, of a run or of a gate, must be valid by both. Then it is damaged in every place, each time by
another kind of value: what the one refuses the other must refuse. A place that
several cases have is damaged once for each type of value found there. What each
of them alone can know is named below.
"""
import copy
import json
import os
import re
import subprocess
import sys
import tempfile

from jsonschema import Draft202012Validator

MISSING = object()
JUNK = [MISSING, None, True, -1, 1.5, "neither", [], {}]


def junk_for(value):
    """Limits are tried only where there may be one."""
    if isinstance(value, str):
        return JUNK + ["", "x" * 300]
    if isinstance(value, list):
        return JUNK + [[[]]]
    return JUNK + [0, 10**18] if isinstance(value, int) else JUNK


# No schema can compare two values, nor decode a histogram.
LOADER_ONLY = {}
SCHEMA_ONLY = {}
LOADER_ONLY["result"] = re.compile(
    r"\.(histogram|median|lo|hi|due|backlog|unsent|dropped|kills|lock_held|recovered|producers|consumers)$")
# What the loader works out for itself, or nobody needs.
SCHEMA_ONLY["result"] = re.compile(
    r"^\.(started|elapsed_ns|scenario)$"
    r"|\.(rtt_ns|recovery_ns|latency_ns|latency_from_send_ns|lag_ns)\.(p50|p90|p99|p999|count)$")

# Numbers of blocks and their cases, orders and builds have to fit together.
LOADER_ONLY["gate"] = re.compile(
    r"\.(max|tolerance|blocks|case|left_out|order|build)$|\.differences$"
    r"|^\.(cases|blocks)$|\.metrics\[\d+\]\.name$")
SCHEMA_ONLY["gate"] = re.compile("(?!)")


def places(value, path=()):
    """Every place below @value; of a list only elements unlike the others."""
    if isinstance(value, dict):
        for key in value:
            yield path + (key,), value[key]
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        shapes = set()
        for index, element in enumerate(value):
            shape = type(element).__name__
            if isinstance(element, dict):
                shape = tuple(k for k in element if element[k] not in (None, []))
            if shape not in shapes:
                shapes.add(shape)
                yield path + (index,), element
                yield from places(element, path + (index,))


def name_of(path):
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)


def damaged(document, path, junk):
    document = copy.deepcopy(document)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    if junk is MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = junk
    return document


class Loader:
    def __init__(self, ipcmark, folder, kind):
        self.show = [ipcmark, "show",
                     "--markdown" if kind == "gate" else "--csv"]
        self.path = f"{folder}/{kind}.json"

    def accepts(self, document):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        # By its folder: a file may not say any more what it is.
        done = subprocess.run(self.show + [os.path.dirname(self.path)],
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode not in (0, 2):
            sys.exit(f"FAIL: show: exit code {done.returncode}")
        if done.returncode == 2 and done.stderr.count("\n") != 1:
            sys.exit(f"FAIL: not one line of complaint: {done.stderr}")
        return done.returncode == 0


def smaller(document):
    """One case of each kind with one round: enough to damage."""
    kept, kinds = [], set()
    if "rounds" not in document["cases"][0]:
        return document
    for case in document["cases"]:
        kind = (case["mode"], case["status"])
        if kind not in kinds:
            kinds.add(kind)
            case["rounds"] = case["rounds"][:1]
            kept.append(case)
    document["cases"] = kept
    return document


def main():
    schema_path, result_path, ipcmark = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(result_path, encoding="utf-8") as file:
        result = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for error in validator.iter_errors(result):
        sys.exit(f"FAIL: {error.json_path}: {error.message[:200]}")

    result = smaller(result)
    kind_of = os.path.basename(schema_path).split(".")[0]
    count = failures = 0
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(ipcmark, folder, kind_of)
        seen = set()
        for path, value in places(result):
            name = name_of(path)
            kind = (re.sub(r"\[\d+\]", "[]", name), type(value))
            if name.startswith(".environment.") or kind in seen:
                continue
            seen.add(kind)
            for junk in junk_for(value):
                if junk is MISSING and isinstance(path[-1], int):
                    continue
                document = damaged(result, path, junk)
                by_schema = validator.is_valid(document)
                by_loader = loader.accepts(document)
                count += 1
                if by_schema == by_loader:
                    continue
                if by_schema and LOADER_ONLY[kind_of].search(name):
                    continue
                if by_loader and SCHEMA_ONLY[kind_of].search(name):
                    continue
                failures += 1
                what = "missing" if junk is MISSING else repr(junk)[:40]
                print(f"FAIL: {name} {what}: the schema says {by_schema}, "
                      f"the loader {by_loader}")
    print(f"{count} damaged results: schema and loader agree on "
          f"{count - failures}")
    sys.exit(failures > 0)


main()
