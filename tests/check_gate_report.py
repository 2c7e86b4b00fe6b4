"""check_gate_report.py IPCMARK SAMPLE SCRATCH - forms of a gate, read back.

Each check reads a form as its readers do and compares it with the gate's own
document: nothing left out, nothing turned round, no text that breaks out.
"""
import html
import json
import os
import re
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

IPCMARK, SAMPLE, SCRATCH = sys.argv[1:]
with open(SAMPLE, encoding="utf-8") as sample_file:
    GATE = json.load(sample_file)
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL: {what}")


def report(form, gate=None, summary=None):
    path = SAMPLE
    if gate:
        path = os.path.join(SCRATCH, "changed.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(gate, file)
    environment = dict(os.environ)
    environment.pop("GITHUB_STEP_SUMMARY", None)
    if summary:
        environment["GITHUB_STEP_SUMMARY"] = summary
    return subprocess.run([IPCMARK, "show", path, "--report", form],
                          env=environment, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def changed(**request):
    gate = json.loads(json.dumps(GATE))
    gate["request"].update(request)
    return gate


def slices(case, build, key=None):
    for block in GATE["blocks"]:
        if GATE["cases"][block["case"]] is case and not block["left_out"]:
            for one in block["slices"]:
                if one["build"] == build:
                    yield one[key] if key else one


def kinds_of(text):
    """{(case, test): (element, message)}, after looking at the counts."""
    root = ElementTree.fromstring(text)
    check(root.tag == "testsuites", "junit: the root is no testsuites")
    found, totals = {}, dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in root:
        tests = suite.findall("testcase")
        counted = {"tests": len(tests)}
        for name, tag in (("failures", "failure"), ("errors", "error"),
                          ("skipped", "skipped")):
            counted[name] = sum(test.find(tag) is not None for test in tests)
        for name, count in counted.items():
            check(int(suite.get(name)) == count,
                  f"junit: {suite.get('name')}: {name}")
            totals[name] += count
        order = [child.tag for child in suite]
        check(order == sorted(order, key=["properties", "testcase"].index),
              "junit: the properties are not first")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
                           suite.get("timestamp")), "junit: timestamp")
        for test in tests:
            float(test.get("time"))
            verdicts = [c for c in test if c.tag != "system-out"]
            check(len(verdicts) <= 1, "junit: two verdicts for one test")
            check(all(c.tag in ("failure", "error", "skipped", "system-out")
                      for c in test), "junit: an unknown element")
            check(all(v.text == v.get("message") for v in verdicts),
                  "junit: message and text differ")
            where = (test.get("classname"), test.get("name"))
            check(where not in found, f"junit: {where} twice")
            found[where] = ((verdicts[0].tag, verdicts[0].get("message"))
                            if verdicts else ("pass", None)) + (
                                test.findtext("system-out") or "",)
    for name, count in totals.items():
        check(int(root.get(name)) == count, f"junit: {name} of all")
    return found


def check_junit():
    for code, inconclusive in ((3, "error"), (0, "skipped"), (7, "error")):
        found = kinds_of(report("junit", changed(inconclusive_exit=code)))
        wanted = {"REGRESSION": "failure", "PASS": "pass",
                  "INCONCLUSIVE": inconclusive}
        for case in GATE["cases"]:
            what = {"violated": "failure", "skip": "skipped"}.get(
                case["status"], "pass")
            kind, message, _ = found.pop((case["id"], "case"))
            check(kind == what, f"junit: {case['id']}: {kind}, not {what}")
            check(what == "pass" or message == case["reason"],
                  f"junit: {case['id']}: {message}")
            for metric in case["metrics"]:
                kind, message, out = found.pop((case["id"], metric["name"]))
                what = "skipped"
                if metric["gated"] and case["status"] == "ok":
                    what = wanted[metric["verdict"]]
                check(kind == what, f"junit: {case['id']} {metric['name']}: "
                      f"{kind}, not {what} (exit code {code})")
                check(kind == "pass" or message.endswith(metric["reason"]),
                      f"junit: {metric['name']}: {message}")
                check(metric["gated"] or message.startswith("advisory: "),
                      f"junit: {metric['name']} is not called advisory")
                if metric["blocks"]:
                    share = f"{100 * metric['estimate']:+.1f} %"
                    check(f"worse by {share}\n" in out, f"junit: no {share}")
                    check(f"blocks {metric['blocks']}, left out "
                          f"{case['blocks_left_out']}\n" in out,
                          f"junit: blocks: {out}")
        check(not found, f"junit: besides: {list(found)}")
    # A case that ended for another reason than its figures says so itself.
    gate = changed()
    gate["cases"][2].update(verdict="INCONCLUSIVE", reason="too \x7fbusy \x01")
    found = kinds_of(report("junit", gate))
    check(found[(gate["cases"][2]["id"], "case")][:2] ==
          ("error", "too ?busy ?"), "junit: no case for a busy machine")


    # ... and one that its instructions made a regression.
    gate = changed(instructions_gated=True)
    case = gate["cases"][2]
    case.update(verdict="REGRESSION", reason="B executes 13.8 % more")
    found = kinds_of(report("junit", gate))
    check(found[(case["id"], "case")][:2] == ("failure", case["reason"]) and
          found[(case["id"], "p50")][0] == "pass",
          "junit: instructions do not fail a case")
    case["metrics"][0]["gated"] = False
    case["verdict"] = "PASS"
    check(f"| {case['id']} | - | - | - | - | - | 4 | PASS |" in
          report("markdown", gate).splitlines(),
          "markdown: no row of what instructions alone decide")


def decoded(text):
    check(not re.search(r"%(?!25|0D|0A|3A|2C)", text), f"github: {text}")
    for code, letter in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"),
                         ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, letter)
    return text


def annotations(text):
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(error|warning|notice) title=([^:,]*)::(.*)",
                             line)
        check(match, f"github: no annotation: {line}")
        if match:
            found.append((match[1], decoded(match[2]), decoded(match[3])))
    return found


def check_github():
    for code, inconclusive in ((3, "error"), (0, "warning")):
        found = annotations(report("github", changed(inconclusive_exit=code)))
        for case in GATE["cases"]:
            mine = [a for a in found if a[1].endswith(": " + case["id"])]
            if case["verdict"] == "PASS":
                check(not mine, "github: a PASS is annotated")
                continue
            level = {"SKIP": "warning", "INCONCLUSIVE": inconclusive}
            word = "SKIP" if case["status"] == "skip" else case["verdict"]
            word = "VIOLATED" if case["status"] == "violated" else word
            check(mine == [(level.get(word, "error"),
                            f"ipcmark gate: {word}: {case['id']}",
                            case["reason"])], f"github: {mine}")
        check(found[-1] == ("error", "ipcmark gate: VIOLATED", GATE["reason"]),
              f"github: the last is {found[-1]}")
        check("VIOLATED" in found[0][1], "github: the worst is not first")
    # Of many cases as many as GitHub shows, and the number of the others.
    gate = changed()
    gate["cases"] += [dict(gate["cases"][4], id=f"more-{i}") for i in range(30)]
    found = annotations(report("github", gate))
    check(len(found) <= 10, f"github: {len(found)} annotations")
    check(any(re.fullmatch(r"\d+ more cases", a[2]) for a in found),
          "github: the others are not counted")
    summary = os.path.join(SCRATCH, "summary")
    report("github", summary=summary)
    report("github", summary=summary)
    with open(summary, encoding="utf-8") as file:
        check(file.read() == 2 * report("markdown"),
              "github: the summary is not the Markdown report, appended")


def check_markdown():
    text = report("markdown")
    lines = text.splitlines()
    check(lines[:2] == ["<!-- ipcmark gate -->", "### ipcmark gate: VIOLATED"],
          "markdown: the verdict is not first")
    columns, rows = None, []
    for line in lines:
        if not line.startswith("|"):
            columns = None
            continue
        count = len(re.findall(r"(?<!\\)\|", line))
        columns = columns or count
        check(count == columns, f"markdown: cells: {line}")
        rows.append(line)
    for case in GATE["cases"]:
        name = re.sub(r"([|\\`*_<>\[\]])", r"\\\1", case["id"])
        check(any(row.startswith(f"| {name} |") for row in rows),
              f"markdown: no row of {case['id']}")
    check(any(re.search(r"throughput \| \*\*\+12\.0 %\*\* \| \+11\.6 to "
                        r"\+12\.4 % \| 3 % .*\*\*REGRESSION\*\*", row)
              for row in rows), "markdown: the regression's row")
    folded = text.split("<details>")
    check(len(folded) == 2 and folded[1].rstrip().endswith("</details>"),
          "markdown: what is folded is not at the end")
    check(f"```sh\n{GATE['command']}\n```" in folded[0], "markdown: command")
    for build in GATE["builds"].values():
        check(build["id"] in folded[0], "markdown: build's id")
    check("advisory" not in folded[0] and "p99.9" not in folded[0],
          "markdown: advisory figures are not folded")
    check("| 94 | 107 | +13.8 %, **a rise** |" in folded[1],
          "markdown: instructions")
    check("4.5-fold" in folded[1], "markdown: why a block was left out")


def near(a, b):
    return abs(a - b) <= 1e-5 * abs(b)


def time_of(case, one):
    return (one["p50_ns"] if case["mode"] == "roundtrip"
            else one["elapsed_ns"] / one["msgs"])


def check_google():
    for build in "ab":
        document = json.loads(report(f"google-benchmark-{build}"))
        check("date" in document["context"], "google: context")
        by_name = {}
        for one in document["benchmarks"]:
            by_name.setdefault(one["name"], []).append(one)
        for case in GATE["cases"]:
            mine = by_name.pop(case["id"], [])
            wanted = list(slices(case, build))
            check(len(mine) == len(wanted), f"google: {case['id']}: {len(mine)}")
            for index, (one, figures) in enumerate(zip(mine, wanted)):
                check(one["run_type"] == "iteration" and
                      one["time_unit"] == "ns" and
                      one["repetitions"] == len(wanted) and
                      one["repetition_index"] == index, "google: repetition")
                check(near(one["real_time"], time_of(case, figures)) and
                      near(one["cpu_time"],
                           figures["cpu_ns"] / figures["msgs"]),
                      f"google: times of {case['id']}")
        check(not by_name, f"google: besides: {list(by_name)}")


def check_action():
    entries = {e["name"]: e for e in json.loads(report("github-action-benchmark"))}
    for case in GATE["cases"]:
        for metric in case["metrics"]:
            if not metric["blocks"]:
                continue
            name = metric["name"]
            entry = entries.pop(
                f"{case['id']} {'time' if name == 'throughput' else name}")
            value = statistics.median(
                {"throughput": lambda s: s["elapsed_ns"] / s["msgs"],
                 "p50": lambda s: s["p50_ns"],
                 "cpu": lambda s: s["cpu_ns"] / s["msgs"],
                 "p99": lambda s: s["p99_ns"],
                 "p99.9": lambda s: s["p999_ns"]}[name](one)
                for one in slices(case, "b"))
            check(near(entry["value"], value) and entry["unit"] == "ns/message",
                  f"action: {entry}, not {value}")
            check(entry["extra"] == metric["reason"] and
                  re.fullmatch(r"± [0-9.e+]+", entry["range"]),
                  f"action: {entry}")
    check(not entries, f"action: besides: {list(entries)}")


def check_benchstat():
    for build in "ab":
        lines = report(f"benchstat-{build}").splitlines()
        check(lines[0].startswith("# ") and
              lines[0].endswith(GATE["builds"][build]["id"]),
              "benchstat: which build it is")
        check([line for line in lines if re.match("[a-z-]+:", line)] ==
              ["pkg: mmapipc"], "benchstat: keys that differ part A from B")
        found = [re.fullmatch(r"BenchmarkGate/(\S+) (\d+) ([0-9.e+]+) ns/op"
                              r"( [0-9.e+]+ \S+)+", line)
                 for line in lines if line.startswith("Benchmark")]
        check(all(found), "benchstat: a line")
        for case in GATE["cases"]:
            mine = [float(m[3]) for m in found if m and m[1] == case["id"]]
            wanted = [time_of(case, one) for one in slices(case, build)]
            check(len(mine) == len(wanted) and
                  all(map(near, mine, wanted)), f"benchstat: {case['id']}")


def swap_build(gate):
    gate["blocks"][0]["slices"][1]["build"] = "a"


def drop_slice(gate):
    gate["blocks"][0]["slices"].pop()


def leave_out(gate):
    gate["blocks"][0]["left_out"] = True


def double_metric(gate):
    gate["cases"][0]["metrics"][1]["name"] = "throughput"


def drop_difference(gate):
    gate["cases"][0]["metrics"][0]["differences"].pop()


def lower_max(gate):
    gate["cases"][0]["metrics"][0]["max"] = 0.03


def other_case(gate):
    gate["blocks"][0]["case"] = 5


def check_refused():
    """What no schema can say: values that have to fit together."""
    for change, pattern in (
            (swap_build, "blocks[0].slices[1].build: this slice is not of"),
            (drop_slice, "blocks[0].slices: expected 4, found 3"),
            (leave_out, "blocks: expected 4 that count of case 0, found 3"),
            (double_metric, 'metrics[1].name: found "throughput" twice'),
            (drop_difference, "differences: expected 4, found 3"),
            (lower_max, "metrics[0].max: expected a share above"),
            (other_case, "blocks[0].case: expected 0 to 4, found 5")):
        gate = changed()
        change(gate)
        path = os.path.join(SCRATCH, "refused.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(gate, file)
        done = subprocess.run([IPCMARK, "show", path], text=True, check=False,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
        check(done.returncode == 2 and pattern in done.stderr and
              done.stderr.count("\n") == 1,
              f"load: {change.__name__}: {done.returncode} {done.stderr}")


def drop_environment(gate):
    del gate["environment"]


def check_machine():
    """On which machine, how noisy and why; a gate that is older does not say."""
    older = changed()
    drop_environment(older)
    for form in ("table", "markdown", "junit"):
        text = html.unescape(report(form)).replace("\\", "")
        words = " ".join(text.split())
        check("A & B <CPU>, 2 CPUs, L3 32 MiB, virtual (KVM), Linux 6.1.0 x86_64. "
              "Noise grade C: virtual machine (KVM): the host moves its CPUs; "
              "SMT on" in words, f"{form}: the machine")
        text = report(form, older)
        check(text and "Linux" not in text and "unknown" not in text,
              f"{form}: a machine that is not known")


check_refused()
check_machine()
check_junit()
check_github()
check_markdown()
check_google()
check_action()
check_benchstat()
sys.exit(failures > 0)
