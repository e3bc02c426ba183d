"""The machine: its noise, and the processor time and memory of our processes."""

import os
import time

import psutil

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


def fixed_work() -> float:
    """Seconds for the same piece of arithmetic: what changes between two calls is the machine."""
    started = time.perf_counter()
    total = 0
    for number in range(400_000):
        total += number * number % 7
    assert total
    return time.perf_counter() - started


def descendants_cpu() -> float:
    """Processor seconds so far of all living processes that were started from here."""
    return sum(_cpu(process) for process in psutil.Process().children(recursive=True))


def tree_pss(pid: int) -> dict[str, float]:
    """Proportional memory in MiB of a process and everything below it, by name."""
    root = psutil.Process(pid)
    found: dict[str, float] = {}
    for process in [root, *root.children(recursive=True)]:
        try:
            found[f"{process.name()} {process.pid}"] = process.memory_full_info().pss / 2**20
        except _GONE:
            continue
    return found


def describe() -> str:
    """The machine in one line."""
    load = os.getloadavg()[0]
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, load {load:.2f} at the start, {memory:.0f} GiB"


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except _GONE:
        return 0.0
    return times.user + times.system
