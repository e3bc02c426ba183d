"""Rivals of the roll-up, each in a process of its own: networkx and ChannelAttribution.

Run as ``python walkers.py networkx|channels FOLDER`` by any Python that has the package; it needs
numpy besides. Reads the arrays that the bench left in FOLDER and prints one line of JSON.
"""

import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

_LEAST, _DEEPEST = 0.01, 6


def walk(folder: Path) -> dict[str, float]:
    """All orders of all companies on a graph of deals, path by path, by the rules' definition."""
    import networkx as nx  # type: ignore[import-untyped]  # noqa: PLC0415 - only where it is installed

    made = {
        name: np.load(folder / f"{name}.npy").tolist()
        for name in ("company", "amount", "source", "target")
    }
    shares = (np.load(folder / "share.npy") / 1e12).tolist()
    company, amount = made["company"], made["amount"]
    started = time.process_time()
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(zip(made["source"], made["target"], shares, strict=True))
    built = time.process_time()
    total: dict[int, float] = defaultdict(float)
    returned = 0.0
    for first in graph.nodes:
        home = company[first]
        waiting = [(first, 1, 1.0)]
        while waiting:
            deal, order, weight = waiting.pop()
            for following, edge in graph.adj[deal].items():
                part = weight * edge["weight"]
                if order > 1 and part < _LEAST:
                    continue
                if company[following] == home:
                    returned += part * amount[following]
                    continue
                total[home] += part * amount[following]
                if order + 1 < _DEEPEST:
                    waiting.append((following, order + 1, part))
    done = time.process_time()
    return {
        "build": built - started,
        "walk": done - built,
        "total": sum(total.values()),
        "returned": returned,
    }


def channels(folder: Path) -> dict[str, float]:
    """First, last and linear touch of channel paths: it knows neither deals nor chains."""
    import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415 - only where it is installed
    from ChannelAttribution import heuristic_models  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    touched, toucher = (np.load(folder / f"{name}.npy") for name in ("touched", "toucher"))
    amount = np.load(folder / "amount.npy") / 100
    order = np.argsort(touched, kind="stable")
    starts = np.flatnonzero(np.diff(touched[order], prepend=-1))
    names = toucher[order].astype(str).tolist()
    ends = [*starts[1:].tolist(), len(names)]
    paths = [" > ".join(names[begin:end]) for begin, end in zip(starts.tolist(), ends, strict=True)]
    data = pd.DataFrame({"path": paths, "conversions": 1, "value": amount[touched[order][starts]]})
    started = time.process_time()
    found = heuristic_models(data, "path", "conversions", var_value="value")
    return {
        "walk": time.process_time() - started,
        "total": float(found["linear_touch_value"].sum()),
    }


if __name__ == "__main__":
    result = {"networkx": walk, "channels": channels}[sys.argv[1]](Path(sys.argv[2]))
    # Not getrusage: what it says of memory begins with the process that forked this one.
    peak = next(
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    result["MiB"] = int(peak.split()[1]) / 1024
    print(json.dumps(result))
