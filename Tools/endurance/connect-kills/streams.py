"""A seeded load of Redis' streams, and what the topic and the sink's stream have to have in the end."""
import collections
import random
import threading
import time

from processes import PATIENCE, Problem, Session

TOPIC = "entries"
TOPICS = [f"{TOPIC}:4"]
STREAMS = [f"in-{number}" for number in range(3)]
# The sinks of the last version of a configuration that changes, each with the stream of its name.
SINKS = ["out", "old", "new"]


def connectors(port):
    server = {"port": port}
    return {
        "streams": {"type": "redis-streams-source", "server": server, "streams": {stream: TOPIC for stream in STREAMS},
                    "keyField": "account", "valueField": "number", "group": "millrace"},
        "out": {"type": "redis-streams-sink", "server": server, "name": "out", "streams": {TOPIC: "out"}},
    }


def versions(port):
    """The connectors of a configuration that changes: a sink goes and comes back, one comes, settings change and change back, and the
    source gets another stream."""
    first = connectors(port)
    streams, out = first["streams"], first["out"]
    old, new = [{"type": out["type"], "server": out["server"], "streams": {TOPIC: name}} for name in ("old", "new")]
    fewer = {stream: TOPIC for stream in STREAMS[:-1]}
    return [
        {"streams": {**streams, "streams": fewer}, "out": out, "old": old},
        {"streams": {**streams, "readSizeInBytes": 65_536}, "out": {**out, "maxCount": 500_000}, "new": new},
        {"streams": streams, "out": out, "new": new, "old": old},
    ]


class StreamsLoad(threading.Thread):
    """Adds entries until it is ended, also while the server comes and goes."""

    def __init__(self, server, seed, sinks):
        super().__init__(daemon=True)
        self.server, self.random, self.sinks = server, random.Random(seed), sinks
        self.is_over, self.failure = threading.Event(), None
        self.count = dict.fromkeys(STREAMS, 0)

    def run(self):
        end = None
        while not self.is_over.is_set():
            try:
                with Session(self.server.port) as session:
                    self.find_counts(session)
                    while not self.is_over.is_set():
                        self.add(session)
                        end = None
                        time.sleep(self.random.uniform(0, 0.02))
            except (Problem, OSError) as error:
                end = end or time.monotonic() + PATIENCE
                if time.monotonic() > end:
                    self.failure = error
                    return
                time.sleep(0.05)

    def end(self):
        self.is_over.set()
        self.join()
        if self.failure:
            raise self.failure
        with Session(self.server.port) as session:
            self.find_counts(session)

    def find_counts(self, session):
        """Looks which entries are there: nobody knows about those whose answers did not come."""
        for stream in STREAMS:
            last = session.run("XREVRANGE", stream, "+", "-", "COUNT", 1)
            self.count[stream] = number_of(last[0])[1] if last else 0

    def add(self, session):
        stream = self.random.choice(STREAMS)
        commands = []
        for _ in range(self.random.choice([1, 3, 50])):
            self.count[stream] += 1
            commands.append(["XADD", stream, "*", "account", self.random.randrange(30), "number",
                             f"{stream}:{self.count[stream]}"])
        session.run_all(commands)

    def problem(self, broker):
        """Says what is not as it has to be, or not yet; `None` if all is."""
        with Session(self.server.port) as session:
            entries = {stream: session.run("XRANGE", stream, "-", "+") for stream in STREAMS}
            written = {sink: session.run("XRANGE", sink, "-", "+") for sink in self.sinks}
        expected = collections.defaultdict(list)
        for stream in STREAMS:
            numbers = [number_of(entry)[1] for entry in entries[stream]]
            if numbers != list(range(1, self.count[stream] + 1)):
                return f"the load has not written {stream} as it should"
            for entry in entries[stream]:
                expected[stream, fields(entry)["account"]].append(number_of(entry)[1])
        found, topic = collections.defaultdict(list), collections.defaultdict(list)
        for record in broker.records(TOPIC):
            stream, number = record["payload"].split(":")
            found[stream, record["key"]].append(int(number))
            topic[record["key"]].append(record["payload"])
        if problem := difference("the topic", found, expected):
            return problem
        for sink, entries in written.items():
            found = collections.defaultdict(list)
            for entry in entries:
                found[fields(entry)["key"]].append(fields(entry)["value"])
            if problem := difference(f"the sink's stream {sink}", found, topic):
                return problem
        return None

    def written_count(self):
        with Session(self.server.port) as session:
            return int(session.run("XLEN", "out"))

    def summary(self):
        return f"{sum(self.count.values())} entries"


def difference(place, found, expected):
    for key in found.keys() | expected.keys():
        if found[key] != expected[key]:
            return (f"{place} has {len(found[key])} entries of {key}, {len(set(found[key]))} of them different, not the "
                    f"{len(expected[key])} in order")
    return None


def fields(entry):
    words = [word.decode() for word in entry[1]]
    return dict(zip(words[::2], words[1::2]))


def number_of(entry):
    stream, number = fields(entry)["number"].split(":")
    return stream, int(number)
