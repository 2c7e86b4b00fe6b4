"""check_schema.py SCHEMA RESULT SHOW_MANY - do schema and loader agree?

RESULT, of a run or of a gate, must be valid by both. Then it is damaged in every
place, each time by another kind of value: what the one refuses the other must
refuse. A place that several cases have is damaged once for each type of value
found there. What each of them alone can know is named below. In the end each rule
of the schema that was asked must have refused something.

What makes that quick: thousands of files are one process of the loader, SHOW_MANY;
the schema looks only at what is not as it was, since it has found the rest good
before; and each kind of case is damaged in a file of its own.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from jsonschema import Draft202012Validator, validators

MISSING = object()
TOO_LARGE = 10**19  # as a number for any loader of ours, wherever it is
JUNK = [MISSING, None, True, -1, 0, 1.5, 10**18, TOO_LARGE, "", "neither",
        "x" * 5000, [], {}]
LISTS = [[[]], [-1], [10**18]]


def junk_for(value):
    """What a list may hold is tried only where there may be one."""
    if value is None:
        return JUNK + LISTS
    return JUNK + LISTS + [value * 300] if isinstance(value, list) else JUNK


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


def containers(value):
    """@value and every object and list in it."""
    if isinstance(value, (dict, list)):
        yield value
        for element in value.values() if isinstance(value, dict) else value:
            yield from containers(element)


class Schema:
    """Counts which rules have refused something; what of @original a reference
    has led to and found good is not looked at again."""

    RULES = ("const", "enum", "maxItems", "maxLength", "maximum", "minItems",
             "minLength", "minimum", "pattern", "required", "type")

    def __init__(self, schema, original):
        self.schema = schema
        self.original = {id(value) for value in containers(original)}
        self.good, self.asked, self.refused = set(), set(), set()
        watched = {rule: self.watched(rule) for rule in self.RULES}
        self.validator = validators.extend(
            Draft202012Validator, {**watched, "$ref": self.reference})(schema)

    def watched(self, rule):
        look = Draft202012Validator.VALIDATORS[rule]

        def watch(validator, value, instance, schema):
            self.asked.add((id(schema), rule))
            for error in look(validator, value, instance, schema):
                self.refused.add((id(schema), rule))
                yield error
        return watch

    def reference(self, validator, target, instance, schema):
        # An object or list is known by its identity while it is @original's.
        inner = isinstance(instance, (dict, list))
        key = (target, type(instance), id(instance) if inner else instance)
        if key in self.good:
            return
        errors = list(Draft202012Validator.VALIDATORS["$ref"](
            validator, target, instance, schema))
        if not errors and (not inner or id(instance) in self.original):
            self.good.add(key)
        yield from errors

    def accepts(self, document):
        # All errors, not the first: each rule shall have its turn.
        return not list(self.validator.iter_errors(document))

    def rules(self, schema=None, path="#"):
        schema = self.schema if schema is None else schema
        for key, value in (schema.items() if isinstance(schema, dict) else
                           enumerate(schema)):
            if key in self.RULES and not path.endswith("/properties"):
                yield (id(schema), key), f"{path}/{key}"
            elif isinstance(value, (dict, list)):
                yield from self.rules(value, f"{path}/{key}")

    def idle(self):
        """The rules that were asked and refused nothing. One that was not asked
        is of what this machine has not, such as NUMA nodes."""
        return [path for rule, path in self.rules()
                if rule in self.asked - self.refused]

    def summary(self):
        return (f"of {len(list(self.rules()))} rules {len(self.refused)} have "
                "refused something")


def places(value, path=()):
    """Every place in @value; of a list only elements unlike the others."""
    yield path, value
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        shapes = set()
        for index, element in enumerate(value):
            shape = type(element).__name__
            if isinstance(element, dict):
                shape = tuple(k for k in element if element[k] not in (None, []))
            if shape not in shapes:
                shapes.add(shape)
                yield from places(element, path + (index,))


def name_of(path):
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)


def damaged(document, path, junk):
    """A copy of what @path leads through; the rest is @document's own."""
    if not path:
        return junk
    copy = document.copy()
    if len(path) > 1:
        copy[path[0]] = damaged(document[path[0]], path[1:], junk)
    elif junk is MISSING:
        del copy[path[0]]
    else:
        copy[path[0]] = junk
    return copy


class Loader:
    def __init__(self, show_many, folder, kind):
        # By its folder: a file may not say any more what it is.
        self.folder = folder
        self.path = f"{folder}/{kind}.json"
        self.process = subprocess.Popen(
            [show_many, "--markdown" if kind == "gate" else "--csv"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def accepts(self, document):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(json.dumps(document))
        self.process.stdin.write(self.folder + "\n")
        self.process.stdin.flush()
        complaint = []
        for line in self.process.stdout:
            if line.startswith("exit code "):
                break
            complaint.append(line)
        else:
            sys.exit(f"FAIL: show ended with {self.process.wait()}: {complaint}")
        if line not in ("exit code 0\n", "exit code 2\n"):
            sys.exit(f"FAIL: show: {line}")
        if len(complaint) != (line == "exit code 2\n"):
            sys.exit(f"FAIL: {line.strip()}, but complaints: {complaint}")
        return not complaint

    def end(self):
        self.process.stdin.close()
        if self.process.wait():
            sys.exit(f"FAIL: show_many: exit code {self.process.returncode}")


def parts(document):
    """Enough of it to damage: of a run each kind of case alone, with one round; a
    gate whole, since its blocks and cases fit together."""
    if "blocks" in document:
        yield document
        return
    kinds = set()
    for case in document["cases"]:
        steps = bool(case["crash"] and case["crash"].get("steps"))
        kind = (case["mode"], case["status"], steps)
        if kind not in kinds:
            kinds.add(kind)
            yield {**document,
                   "cases": [{**case, "rounds": case["rounds"][:1]}]}


class Comparison:
    """Of what schema and loader say about one damaged document after the other."""

    def __init__(self, kind, schema, loader):
        self.kind, self.schema, self.loader = kind, schema, loader
        self.seen = set()
        self.count = self.failures = 0

    def compare(self, document, name, junk):
        by_schema = self.schema.accepts(document)
        by_loader = self.loader.accepts(document)
        self.count += 1
        if by_schema == by_loader:
            return
        if by_schema and (junk == TOO_LARGE or
                          LOADER_ONLY[self.kind].search(name)):
            return
        if by_loader and SCHEMA_ONLY[self.kind].search(name):
            return
        self.failures += 1
        what = "missing" if junk is MISSING else repr(junk)[:40]
        print(f"FAIL: {name} {what}: the schema says {by_schema}, "
              f"the loader {by_loader}")

    def damage(self, document):
        for path, value in places(document):
            name = name_of(path)
            kind = (re.sub(r"\[\d+\]", "[]", name), type(value))
            if name.startswith(".environment.") or kind in self.seen:
                continue
            self.seen.add(kind)
            for junk in junk_for(value):
                if junk is MISSING and not isinstance((path or [0])[-1], str):
                    continue
                self.compare(damaged(document, path, junk), name, junk)


def main():
    schema_path, result_path, show_many = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(result_path, encoding="utf-8") as file:
        result = json.load(file)
    Draft202012Validator.check_schema(schema)
    for error in Draft202012Validator(schema).iter_errors(result):
        sys.exit(f"FAIL: {error.json_path}: {error.message[:200]}")

    kind = os.path.basename(schema_path).split(".")[0]
    schema = Schema(schema, result)
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(show_many, folder, kind)
        comparison = Comparison(kind, schema, loader)
        for part in parts(result):
            comparison.damage(part)
        loader.end()
    print(f"{comparison.count} damaged results: schema and loader agree on "
          f"{comparison.count - comparison.failures}; {schema.summary()}")
    for rule in schema.idle():
        print(f"FAIL: {rule} has refused nothing")
        comparison.failures += 1
    sys.exit(comparison.failures > 0)


main()
