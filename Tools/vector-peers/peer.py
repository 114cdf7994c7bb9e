"""What the peers of millrace-bench that are servers have in common: their CPU time, and the commands of the benchmark."""

import json
import os
import sys
import time

import numpy


def arguments():
    """The rows, the queries, the links and the effort of building, from the command line."""
    base, queries, dimensions, links, effort = sys.argv[1:6]
    dimensions = int(dimensions)
    read = lambda path: numpy.fromfile(path, "<f4").reshape(-1, dimensions)
    return read(base), read(queries), int(links), int(effort)


def cpu_seconds(process):
    """The CPU time of all threads of a process, in nanoseconds' precision."""
    total = 0
    for thread in os.listdir(f"/proc/{process}/task"):
        try:
            with open(f"/proc/{process}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e9


def say(**figures):
    print(json.dumps(figures), flush=True)


def serve(queries, process, set_effort, search):
    """Searches when told to, until standard input ends.

    set_effort(effort, count) prepares; search(index) returns the numbers of the rows nearest to a query.
    """
    for line in sys.stdin:
        _, effort, count, repetitions, path = line.split()
        count, repetitions = int(count), int(repetitions)
        set_effort(int(effort), count)
        found = numpy.full((len(queries), count), -1, "<i4")
        for index in range(20):
            search(index)
        server, client, wall = cpu_seconds(process), time.process_time(), time.monotonic()
        for _ in range(repetitions):
            for index in range(len(queries)):
                nearest = search(index)
                found[index, : len(nearest)] = nearest
        client = time.process_time() - client
        server = cpu_seconds(process) - server
        found.tofile(path)
        say(
            queries=len(queries) * repetitions,
            seconds=time.monotonic() - wall,
            cpuSeconds=server,
            clientCPUSeconds=client,
        )
