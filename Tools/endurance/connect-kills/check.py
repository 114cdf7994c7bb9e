"""Kills processes of connectors, or the servers under them, and compares what has arrived with what was committed."""
import argparse
import json
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import database
import streams
from processes import PATIENCE, Broker, Postgres, Problem, Redis, Worker, await_until

SCENARIOS = ["postgres", "redis", "servers", "rolling"]


class Round:
    """One seed of a scenario, with servers of its own."""

    def __init__(self, scenario, seed, kills, folder):
        self.scenario, self.seed, self.kills, self.folder = scenario, seed, kills, folder
        self.random = random.Random(f"{scenario} {seed}")
        parts = [database, streams] if scenario == "servers" else [database] if scenario == "postgres" else [streams]
        self.broker = Broker(folder, [topic for part in parts for topic in part.TOPICS])
        self.systems = [Postgres(folder) if part is database else Redis(folder) for part in parts]
        self.parts = parts
        self.workers = [Worker(f"worker-{number}", folder) for number in (1, 2)]
        self.loads = []
        connectors = {}
        for part, system in zip(parts, self.systems):
            connectors.update(part.connectors(system.port))
        self.versions = streams.versions(self.systems[0].port) if scenario == "rolling" else [connectors]
        for worker in self.workers:
            self.configure(worker, self.versions[0])

    def configure(self, worker, connectors):
        worker.file.write_text(json.dumps({
            "name": "kills", "bootstrapServers": [self.broker.address], "partCheckInterval": "200ms",
            "kafka": {"broker.address.family": "v4", "session.timeout.ms": 6000, "reconnect.backoff.max.ms": 500},
            "connectors": connectors}))

    def run(self):
        try:
            for server in [self.broker, *self.systems]:
                server.start()
            self.loads = [
                database.DatabaseLoad(system, self.seed) if part is database
                else streams.StreamsLoad(system, self.seed, streams.SINKS if self.scenario == "rolling" else ["out"])
                for part, system in zip(self.parts, self.systems)]
            for process in [*self.loads, *self.workers]:
                process.start()
            if self.scenario == "rolling":
                self.roll()
            else:
                for victim in self.victims():
                    self.strike(victim)
            time.sleep(self.random.uniform(0, 1))
            for load in self.loads:
                load.end()
            self.await_exactness()
            for worker in self.workers:
                worker.stop()
            if problem := self.problem():
                raise Problem(f"after the end: {problem}")
            return ", ".join(load.summary() for load in self.loads)
        finally:
            for load in self.loads:
                load.is_over.set()
            for process in [*self.workers, *self.systems, self.broker]:
                process.kill()

    def strike(self, victim):
        """Kills a process, and starts it again."""
        if self.random.random() < 0.6:
            self.await_work()
        time.sleep(self.random.uniform(0, 2))
        for worker in self.workers:
            worker.check()
        victim.kill()
        # Once in a while longer than the sessions of the groups, which then begin anew.
        time.sleep(self.random.choice([0, 0, self.random.uniform(0, 1.5), self.random.uniform(6, 8)]))
        victim.start()

    def roll(self):
        """Gives the processes one version of the configuration after the other, one process at a time, and kills some in between."""
        changes = [(version, number) for version in self.versions[1:] for number in range(len(self.workers))]
        strikes = self.random.choices(range(len(changes)), k=self.kills)
        for index, (version, number) in enumerate(changes):
            worker = self.workers[number]
            before = json.loads(worker.file.read_text())["connectors"]
            if self.random.random() < 0.5:
                await_until(f"{worker.name} begins", lambda: worker.log_has("started"))
                worker.stop()
            else:
                worker.kill()
            self.configure(worker, version)
            worker.start()
            if number == 0:
                # Only this process has the file that adds a connector.
                for name in version.keys() - before.keys():
                    sentence = f"the connector {name} is missing in the configuration of"
                    await_until(f"{worker.name} tells that {name} is missing elsewhere", lambda: worker.log_has(sentence))
            for _ in range(strikes.count(index)):
                self.strike(self.random.choice(self.workers))

    def victims(self):
        """Those that are killed, in order: each server at least once, any worker."""
        if self.scenario != "servers":
            return [self.random.choice(self.workers) for _ in range(self.kills)]
        servers = [*self.systems, self.broker]
        others = [self.random.choice(servers) for _ in range(self.kills - len(servers))]
        return self.random.sample(servers + others, len(servers) + len(others))

    def await_work(self):
        """Waits until sinks go on: some kills meet processes that have only just begun, others those at work."""
        before = [load.written_count() for load in self.loads]
        await_until("sinks go on", lambda: all(load.written_count() > count for load, count in zip(self.loads, before)))

    def problem(self):
        problems = [load.problem(self.broker) for load in self.loads]
        return next(filter(None, problems), None)

    def await_exactness(self):
        problem = None

        def is_exact():
            nonlocal problem
            for worker in self.workers:
                worker.check()
            problem = self.problem()
            return problem is None

        try:
            await_until("everything has arrived", is_exact, PATIENCE)
        except Problem as error:
            raise Problem(f"{error}: {problem}") from None


def main():
    parser = argparse.ArgumentParser(prog="connect-kill-test", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--kills", type=int, default=4)
    arguments = parser.parse_args()
    # The servers end with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failures = 0
    for scenario in arguments.scenario or SCENARIOS:
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            folder = pathlib.Path(tempfile.mkdtemp(prefix="connect-kills-"))
            # The user of PostgreSQL is another one.
            folder.chmod(0o755)
            begin = time.monotonic()
            try:
                summary = Round(scenario, seed, arguments.kills, folder).run()
                print(f"{scenario}, seed {seed}: {arguments.kills} kills, {summary}, exact after "
                      f"{time.monotonic() - begin:.0f} s", flush=True)
            except Problem as error:
                failures += 1
                print(f"{scenario}, seed {seed}: {error}", flush=True)
                for log in sorted(folder.glob("worker-*.log")):
                    print(log.name, *log.read_text(errors="replace").splitlines()[-12:], sep="\n", flush=True)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
