"""check_ci.py IPCMARK TOP SCRATCH - the jobs of docs/ci, read as their servers do."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import yaml

IPCMARK, TOP, SCRATCH = sys.argv[1:]
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL: {what}")


def load(name):
    with open(f"{TOP}/docs/ci/{name}", encoding="utf-8") as file:
        return yaml.safe_load(file)


def run_shell(name, script):
    done = subprocess.run(["sh", "-n"], input=script, text=True, check=False,
                          stderr=subprocess.PIPE)
    check(done.returncode == 0, f"{name}: sh: {done.stderr}\n{script}")


def commands_in(script):
    """Words of each command line of ipcmark, continued lines joined."""
    for line in script.replace("\\\n", " ").splitlines():
        found = re.search(r"build/ipcmark (.*)", line)
        if found:
            yield shlex.split(found[1])


def takes(name, words):
    """ipcmark takes a gate's command line if all it misses is the build."""
    words = list(words)
    if words[0] == "plot":
        words[1] = "nonesuch"
        wanted = "nonesuch"
    else:
        for option in ("--a", "--b"):
            check(option in words, f"{name}: gate without {option}")
            words[words.index(option) + 1] = "nonesuch"
        for index, word in enumerate(words):
            if word.endswith(".ini"):
                words[index] = f"{TOP}/{word}"
        wanted = "no build 'nonesuch'"
    done = subprocess.run([IPCMARK] + words, cwd=SCRATCH, text=True,
                          check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    check(done.returncode == 2 and wanted in done.stderr,
          f"{name}: {shlex.join(words)}: exit code {done.returncode}: "
          f"{done.stderr}")


def check_scripts(name, scripts):
    commands = []
    for script in scripts:
        run_shell(name, script)
        commands += commands_in(script)
    for words in commands:
        takes(name, words)
    gates = [words for words in commands if words[0] == "gate"]
    check(len(gates) == 1, f"{name}: {len(gates)} gates")
    reports = [gates[0][i + 1] for i, w in enumerate(gates[0])
               if w == "--report"]
    check("junit=gate/gate.xml" in reports, f"{name}: no JUnit")
    check("markdown=gate/gate.md" in reports, f"{name}: no Markdown")
    check("--time" in gates[0], f"{name}: no limit of time")
    return gates[0], reports


def check_github():
    workflow = load("github.yml")
    # YAML 1.1 takes the word "on" for true.
    check("pull_request" in workflow.get("on", workflow.get(True)),
          "github: not of pull requests")
    check(workflow["permissions"].get("contents") == "read" and
          "write-all" not in str(workflow["permissions"]),
          "github: permissions")
    (job,) = workflow["jobs"].values()
    check(job["runs-on"] and job["timeout-minutes"], "github: runs-on")
    steps = job["steps"]
    for step in steps:
        check(("uses" in step) != ("run" in step), f"github: {step}")
        check("uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@v\d+",
                                                 step["uses"]),
              f"github: version of {step.get('uses')}")
    uses = {step["uses"].split("@")[0]: step for step in steps
            if "uses" in step}
    check(uses["actions/checkout"]["with"]["fetch-depth"] != 1,
          "github: the commit before is not fetched")
    check(uses["actions/cache"]["with"]["path"].endswith("ipcmark/builds"),
          "github: builds are not kept")
    upload = uses["actions/upload-artifact"]
    check(upload["with"]["path"] == "gate" and "cancelled" in upload["if"],
          "github: what failed is not kept")
    gate, reports = check_scripts(
        "github", [re.sub(r"\$\{\{.*?\}\}", "x", step["run"])
                   for step in steps if "run" in step])
    check("github" in reports, "github: no annotations")
    check("--inconclusive-exit" in gate, "github: INCONCLUSIVE is not mapped")
    (comment,) = [step["run"] for step in steps if step.get("name") == "Comment"]
    check_comment(comment)


# What the comment's step asks of gh, of a server that has comments.json. Every
# change is a line of gh.log.
GH = """#!/bin/sh
case "$1 $2" in
"api --paginate") [ "$4" = --jq ] && jq -r "$5" comments.json ;;
"api --silent") echo "over $7 $6" >>gh.log ;;
"pr comment") echo "new $3 $5" >>gh.log ;;
*) exit 1 ;;
esac
"""


def comment_of(number, mark, login="github-actions[bot]"):
    return {"id": number, "user": {"login": login},
            "body": f"{mark}\n### a verdict"}


def check_comment(script):
    """It is written over, and nobody else's is, whoever commented last."""
    report = subprocess.run(
        [IPCMARK, "show", f"{TOP}/tests/sample_gate.json", "--report",
         "markdown"], check=True, text=True, stdout=subprocess.PIPE).stdout
    mark = report.splitlines()[0]
    check(mark.startswith("<!--") and mark in script,
          f"github: comments are not found by the report's mark, {mark}")
    if not shutil.which("jq"):
        print("jq: not here")
        return
    with open(f"{SCRATCH}/gh", "w", encoding="utf-8") as file:
        file.write(GH)
    os.chmod(f"{SCRATCH}/gh", 0o755)
    other = [comment_of(1, "<!-- coverage -->"),
             comment_of(2, f"> {mark}"), comment_of(3, mark, "somebody")]
    over = "over repos/o/r/issues/comments/7 body=@gate/gate.md"
    for comments, wanted in (
            ([], "new 5 gate/gate.md"),
            (other, "new 5 gate/gate.md"),
            ([comment_of(7, mark)] + other, over),
            (other + [comment_of(7, mark), comment_of(8, mark)], over)):
        with open(f"{SCRATCH}/comments.json", "w", encoding="utf-8") as file:
            json.dump(comments, file)
        subprocess.run(
            ["sh", "-e"], input=script, text=True, cwd=SCRATCH, check=True,
            env=dict(os.environ, PATH=f"{SCRATCH}:{os.environ['PATH']}",
                     GITHUB_REPOSITORY="o/r", REQUEST="5"))
        with open(f"{SCRATCH}/gh.log", encoding="utf-8") as file:
            got = file.read().strip()
        os.unlink(f"{SCRATCH}/gh.log")
        check(got == wanted, f"github: comment: {got}, not {wanted}")


def check_gitlab():
    job = load("gitlab.yml")["gate"]
    check(any("merge_request_event" in rule["if"] for rule in job["rules"]),
          "gitlab: not of merge requests")
    check(job["variables"]["GIT_DEPTH"] == "0", "gitlab: depth")
    cache = job["cache"]["paths"]
    check(job["variables"]["XDG_CACHE_HOME"] == "$CI_PROJECT_DIR/.cache" and
          cache == [".cache/ipcmark/builds"], "gitlab: builds are not kept")
    check(job["artifacts"]["when"] == "always" and
          job["artifacts"]["reports"]["junit"] == "gate/gate.xml",
          "gitlab: artifacts")
    check(job["allow_failure"] == {"exit_codes": 3},
          "gitlab: INCONCLUSIVE is not mapped")
    check_scripts("gitlab", job["before_script"] + job["script"] +
                  job["after_script"])


check_github()
check_gitlab()
check(os.path.isdir(f"{SCRATCH}/gate"), "the folder was not made")
sys.exit(failures > 0)
