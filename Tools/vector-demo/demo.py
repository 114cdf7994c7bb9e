"""Semantic search over the descriptions of Debian's packages, or over the case notes. Tools/demo-vectors starts it and says what it does."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

# A process for each core is faster than threads of the BLAS.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
from confluent_kafka import Producer

from instance import Broker, DemoFailed, Instance
from texts import CaseNotes, Packages

TOPIC = "packages"
QUERY_COUNT = 50
MIN_RECALL = 0.95
# From the event to the search that finds it: the commit interval is 100 ms.
MAX_FRESH_SECONDS = 5
MAX_RESTART_SECONDS = 20


class Demo:
    """The steps of the demo. Each prints what it found and says what was not proven."""

    def __init__(self, options):
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix="demo-vectors-"))
        self.broker = self.instance = None
        self.problems = []
        self.figures = {}

    def start(self) -> None:
        self.say("reading the texts …")
        self.source = CaseNotes() if self.options.case_notes else Packages(self.options.count)
        self.names, self.texts, self.vectors = self.source.names, self.source.texts, self.source.vectors
        self.say(f"{len(self.names):,} {self.source.kind} have embeddings")
        self.broker = Broker(f"{self.options.build}/millrace", TOPIC)
        self.producer = Producer(
            {
                "bootstrap.servers": self.broker.address, "partitioner": "murmur2_random", "linger.ms": 20,
                # The broker ends before the producer, which is nothing to report.
                "log_level": 0,
            })
        self.instance = Instance(f"{self.options.build}/topologies", self.broker.address, self.folder)

    def stop(self) -> None:
        for process in (self.instance, self.broker):
            if process:
                process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, line: str = "") -> None:
        if not self.options.json:
            print(line, flush=True)

    def check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)
            self.say(f"  WRONG: {problem}")

    def write(self, name: str, value: dict | None) -> None:
        data = None if value is None else json.dumps(value).encode()
        while True:
            try:
                self.producer.produce(TOPIC, key=name, value=data)
                return
            except BufferError:
                self.producer.poll(0.1)

    def flush(self) -> None:
        if self.producer.flush(60):
            raise DemoFailed("the broker does not acknowledge the events")

    def load(self) -> None:
        start = time.monotonic()
        for name, text, vector in zip(self.names, self.texts, self.vectors):
            self.write(name, {"text": text, "embedding": [round(float(part), 7) for part in vector]})
        self.flush()
        count = len(self.names)
        self.instance.await_until("all texts are indexed", lambda: self.instance.entry_count() >= count, 600)
        self.figures["loadSeconds"] = time.monotonic() - start
        self.say(f"all are written and indexed after {self.figures['loadSeconds']:.1f} s")

    def query(self, text: str) -> None:
        start = time.monotonic()
        vector = self.source.vector(text)
        embedded = time.monotonic()
        matches = self.instance.search(vector, 5)
        found = time.monotonic()
        self.say(f"\n“{text}”  (embedding {(embedded - start) * 1000:.0f} ms, search {(found - embedded) * 1000:.1f} ms)")
        for match in matches:
            self.say(f"  {match['score']:.2f}  {match['value']['text'][:70]}")

    def compare(self) -> None:
        """Compares searches with what NumPy finds by comparing all vectors."""
        seconds, right, exact_right = [], 0, 0
        # The seed is fixed: two runs ask the same.
        rows = random.Random(1).sample(range(len(self.names)), min(QUERY_COUNT, len(self.names)))
        count = min(10, len(self.names))
        for row in rows:
            scores = self.vectors @ self.vectors[row]
            least = numpy.sort(scores)[-count] - 1e-5
            truth = {self.names[other] for other in numpy.flatnonzero(scores >= least)}
            start = time.monotonic()
            found = self.instance.search(self.vectors[row], count)
            seconds.append(time.monotonic() - start)
            right += sum(match["key"] in truth for match in found)
            exact = self.instance.search(self.vectors[row], count, "exact")
            exact_right += sum(match["key"] in truth for match in exact)
        asked = len(rows) * count
        recall, exact_recall = right / asked, exact_right / asked
        median = sorted(seconds)[len(seconds) // 2]
        self.figures |= {"recall": recall, "exactRecall": exact_recall, "medianSearchSeconds": median}
        self.say(f"\nrecall@{count} of {len(rows)} searches: {recall:.3f}, exact ones {exact_recall:.3f}; "
                 f"median {median * 1000:.1f} ms over HTTP")
        self.check(recall >= MIN_RECALL, f"the recall is below {MIN_RECALL}")
        self.check(exact_recall == 1, "exact searches miss entries")

    def nearest(self, vector) -> str | None:
        matches = self.instance.search(vector, 1)
        return matches[0]["key"] if matches else None

    def change(self) -> None:
        """Changes an entry and deletes it: searches find what is committed, and never what was before."""
        name = self.names[0]
        text = self.source.other
        vector = self.source.vector(text)
        start = time.monotonic()
        self.write(name, {"text": text, "embedding": vector.tolist()})
        self.flush()
        self.instance.await_until(
            "a changed entry is found", lambda: self.nearest(vector) == name, MAX_FRESH_SECONDS)
        changed = time.monotonic() - start
        old = [match for match in self.instance.search(self.vectors[0], 20) if match["key"] == name]
        self.check(all(match["value"]["text"] == text for match in old), "an entry is found with its old text")
        self.check(all(match["score"] < 0.99 for match in old), "an entry is found by its old vector")
        start = time.monotonic()
        self.write(name, None)
        self.flush()
        self.instance.await_until(
            "a deleted entry is gone", lambda: self.nearest(vector) not in (None, name), MAX_FRESH_SECONDS)
        deleted = time.monotonic() - start
        self.figures |= {"changedSeconds": changed, "deletedSeconds": deleted}
        self.say(f"a changed entry is found after {changed * 1000:.0f} ms, a deleted one is gone after "
                 f"{deleted * 1000:.0f} ms")
        self.names, self.texts, self.vectors = self.names[1:], self.texts[1:], self.vectors[1:]

    def restart(self) -> None:
        """Kills the instance and starts it again: it answers the same."""
        before = [match["key"] for match in self.instance.search(self.vectors[0], 10, "exact")]
        self.instance.kill()
        start = time.monotonic()
        self.instance.start()
        after = self.instance.await_until(
            "the instance answers after a kill", lambda: self.instance.search(self.vectors[0], 10, "exact"))
        seconds = time.monotonic() - start
        self.figures["restartSeconds"] = seconds
        self.say(f"killed with kill -9, it answers {seconds:.1f} s after its restart")
        self.check([match["key"] for match in after] == before, "the restarted instance answers something else")
        self.check(seconds <= MAX_RESTART_SECONDS, f"the restart took longer than {MAX_RESTART_SECONDS} s")

    def run(self) -> bool:
        self.load()
        for text in self.source.questions:
            self.query(text)
        self.compare()
        self.change()
        self.restart()
        if self.options.json:
            print(json.dumps({"texts": len(self.names) + 1, **self.figures, "problems": self.problems}), flush=True)
        self.say("PROVEN: searches find what is committed, before and after the restart." if not self.problems else "NOT PROVEN.")
        return not self.problems

    def ask(self) -> None:
        """Lets a person search."""
        if self.options.json or self.options.no_questions or self.options.case_notes or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return
        print(f"\nconsole http://{self.instance.address}/\nDescribe what you look for; an empty line ends.")
        while True:
            try:
                text = input("> ").strip()
            except EOFError:
                return
            if not text:
                return
            self.query(text)


def options():
    parser = argparse.ArgumentParser(prog="Tools/demo-vectors", description="Searches Debian's packages by meaning.")
    parser.add_argument("--count", type=int, default=5_000, help="the number of packages; 5000 by default")
    parser.add_argument("--all", action="store_true", help="all packages, some 60,000")
    parser.add_argument(
        "--case-notes", action="store_true",
        help="the 200 case notes of the repository, whose vectors are there: installs no model, and takes seconds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, nothing else")
    parser.add_argument("--no-questions", action="store_true", help="end after the checks, also on a terminal")
    parser.add_argument("--debug", action="store_true", help="use the debug build, which is slower to run")
    parsed = parser.parse_args()
    if parsed.count < 20:
        parser.error("--count must be at least 20")
    if parsed.all:
        parsed.count = None
    parsed.build = f".build/{'debug' if parsed.debug else 'release'}"
    return parsed


def main() -> int:
    parsed = options()
    demo = Demo(parsed)
    try:
        demo.start()
        is_proven = demo.run()
        demo.ask()
        return 0 if is_proven else 1
    except DemoFailed as failure:
        print(f"Tools/demo-vectors: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Nobody reads the output any more; without this the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    finally:
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
