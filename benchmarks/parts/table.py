"""Makes docs/reference/benchmarks.md: ``python -m benchmarks.parts.table RESULTS.json...``.

Reads what areas printed with `--json`, and says on which machine this was.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import date
from pathlib import Path
from typing import Any

HEAD = """# Benchmarks

Each figure was measured in one run on one machine, beside its peer where there is one, in
medians. A ratio is ours to the peer's or the other way round, as the figure says. What a peer is
given is made of the same people, scores or candidate lists; where OR-tools needs a model of these
first, building it is told apart and is not counted. The machine is shared with others: seconds
differ from hour to hour by a factor of two or three, ratios by a tenth. Most rows are of one run;
what was measured again on that day stands as it was the last time.
`tox run -e bench` measures those of matching again, with each peer in an environment of its own,
and `tox run -e bench-delivery` those of what is promised. A name after `--` measures one alone:
`tox run -e bench -- bulk_5000`.
"""


def machine() -> str:
    """Return what this machine is, as far as it tells."""
    model = platform.processor() or platform.machine()
    memory = 0
    for path, start in (("/proc/cpuinfo", "model name"), ("/proc/meminfo", "MemTotal")):
        if not Path(path).exists():
            continue
        line = next(
            (one for one in Path(path).read_text("utf-8").splitlines() if one.startswith(start)), ""
        )
        if start == "MemTotal":
            memory = int(line.split()[1]) // 2**20
        elif line:
            model = line.partition(":")[2].strip()
    size = f", {memory} GiB" if memory else ""
    return f"{model}, {len(os.sched_getaffinity(0))} cores{size}, {platform.system()}"


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def page(results: list[list[dict[str, Any]]]) -> str:
    """Return the page for what several areas printed."""
    rows = [row for area in results for row in area if row["name"] != "not_run"]
    left_out = [
        one for area in results for row in area if row["name"] == "not_run" for one in row["value"]
    ]
    versions = {name: told for row in rows for name, told in row["versions"].items()}
    lines = [
        HEAD,
        f"Measured on {date.today():%-d %B %Y}: {machine()}. "
        + ", ".join(
            f"{name} {told}" for name, told in sorted(versions.items()) if name != "mentorkit"
        )
        + ".",
        "",
        "| Figure | Measured | Goal | What it is |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows:
        goal = "".join(
            f"{kind.replace('_', ' ')} {limit}" for kind, limit in (row["goal"] or {}).items()
        )
        met = {True: "", False: " **missed**", None: ""}[row["met"]]
        told = row["says"] + (f". Ours: {row['ours']}" if row["ours"] else "")
        told += f". {row['peer'] or 'The peer'}: {row['theirs']}" if row["theirs"] else ""
        value = f"{row['value']:g} {row['unit']}{met}"
        lines.append(f"| `{row['name']}` | {value} | {goal or 'reported'} | {cell(told)} |")
    if left_out:
        lines += ["", "Not measured in that run:", ""]
        lines += [f"- `{one['name']}`: {one['why']}" for one in left_out]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page([json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:]]))
