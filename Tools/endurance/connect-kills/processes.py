"""The servers and the processes of connectors, which are killed and started again."""
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
MILLRACE = ROOT / ".build/debug/millrace"
PATIENCE = 300


class Problem(Exception):
    """Something that must not be."""


def await_until(what, holds, limit=PATIENCE):
    """Waits until a condition holds, and returns its value."""
    end = time.monotonic() + limit
    while not (value := holds()):
        if time.monotonic() > end:
            raise Problem(f"{what}: not within {limit} s")
        time.sleep(0.05)
    return value


def free_port():
    """A port that the system does not give to connections, so that a server finds it free when it starts again."""
    for port in random.sample(range(10_000, 30_000), 1_000):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Problem("there is no free port")


class Killable:
    """A process with a log."""

    def __init__(self, name, folder, command, environment=None):
        self.name, self.command, self.log = name, command, folder / f"{name}.log"
        self.environment = dict(os.environ, **environment or {})
        self.process = None

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)

    def start(self):
        self.launch()

    def kill(self):
        """Kills the process and its children at once."""
        if self.process is None or self.process.poll() is not None:
            return
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for process in [self.process.pid, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


class Server(Killable):
    """A server on a port of this machine."""

    def start(self):
        def answers():
            # What a killed server has left behind may hold a new one up for a moment.
            if self.process is None or self.process.poll() is not None:
                self.launch()
            return self.is_ready()

        await_until(f"{self.name} starts", answers)

    def is_ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False


class Broker(Server):
    def __init__(self, folder, topics):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        command = [MILLRACE, "broker", "--port", str(self.port), "--data-dir", folder / "broker", "--log-level", "warning",
                   "--group-initial-rebalance-delay-ms", "100"]
        for topic in topics:
            command += ["--topic", topic]
        super().__init__("broker", folder, command)

    def records(self, topic):
        """The committed records of a topic, in the order of each partition."""
        output = subprocess.run(
            ["kcat", "-C", "-q", "-e", "-J", "-b", self.address, "-t", topic, "-o", "beginning", "-X",
             "isolation.level=read_committed"], stdout=subprocess.PIPE, check=True, timeout=PATIENCE).stdout
        records = [json.loads(line) for line in output.splitlines()]
        for record in records:
            names = record.get("headers") or []
            record["headers"] = dict(zip(names[::2], names[1::2]))
        return sorted(records, key=lambda record: (record["partition"], record["offset"]))


class Postgres(Server):
    def __init__(self, folder):
        self.port = free_port()
        self.address = f"host=127.0.0.1 port={self.port} user=millrace dbname=postgres"
        os.environ["PGPASSWORD"] = "millrace"
        super().__init__("postgres", folder, [ROOT / "Tools/postgres", folder / "postgres", str(self.port)])

    def psql(self):
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.address]

    def is_ready(self):
        return subprocess.run([*self.psql(), "-c", "SELECT 1"], capture_output=True).returncode == 0

    def query(self, statement):
        """Returns the rows of a statement as lists of texts."""
        result = subprocess.run([*self.psql(), "-c", statement], capture_output=True, text=True)
        if result.returncode:
            raise Problem(f"PostgreSQL: {statement[:80]}: {result.stderr.strip()}")
        return [line.split("|") for line in result.stdout.splitlines()]


class Redis(Server):
    """Redis that syncs each command to the disk before it answers."""

    def __init__(self, folder):
        self.port = free_port()
        data = folder / "redis"
        data.mkdir()
        super().__init__(
            "redis", folder, ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", data, "--save", "",
                              "--appendonly", "yes", "--appendfsync", "always"])

    def is_ready(self):
        try:
            with Session(self.port) as session:
                return session.run("PING") == b"PONG"
        except (OSError, Problem):
            return False


class Session:
    """A connection to Redis."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
        self.socket.close()

    def run(self, *words):
        return self.run_all([words])[0]

    def run_all(self, commands):
        """Sends commands at once and returns their answers."""
        request = bytearray()
        for words in commands:
            request += b"*%d\r\n" % len(words)
            for word in words:
                data = str(word).encode()
                request += b"$%d\r\n%b\r\n" % (len(data), data)
        self.socket.sendall(request)
        return [self.answer() for _ in commands]

    def answer(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("Redis has closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.exactly(size + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        if kind == b"-":
            raise Problem(f"Redis answers: {rest.decode()}")
        return rest

    def exactly(self, size):
        data = self.reader.read(size)
        if len(data) < size:
            raise OSError("Redis has closed the connection")
        return data


class Worker(Killable):
    """A process of `millrace connect`."""

    def __init__(self, name, folder):
        self.file = folder / f"{name}.json"
        super().__init__(name, folder, [MILLRACE, "connect", self.file, "--log-level", "info"])

    def log_has(self, words):
        """Whether the log has some words since the process was launched."""
        return words in self.log.read_bytes()[self.begin:].decode(errors="replace")

    def launch(self):
        self.begin = self.log.stat().st_size if self.log.exists() else 0
        super().launch()

    def check(self):
        if self.process.poll() is not None:
            raise Problem(f"{self.name} has ended with {self.process.returncode}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Problem(f"{self.name} does not stop") from None
        if status != 0:
            raise Problem(f"{self.name} has stopped with {status}")
