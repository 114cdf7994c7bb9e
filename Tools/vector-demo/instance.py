"""The processes of the demo: a broker, and an instance of the topology package-search that answers over HTTP."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 120


class DemoFailed(Exception):
    """The demo cannot go on."""


class Broker:
    """The embedded broker, with the topic of the demo, in memory."""

    def __init__(self, program: str, topic: str):
        # In a session of its own, so that a Ctrl-C does not end it before the demo does.
        self._process = subprocess.Popen(
            [program, "broker", "--port", "0", "--log-level", "error", "--topic", f"{topic}:4",
             "--group-initial-rebalance-delay-ms", "100"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        output = ""
        for line in self._process.stdout:
            if line.startswith("listening on "):
                self.address = line.removeprefix("listening on ").strip()
                return
            output += line
        raise DemoFailed(f"the broker has ended:\n{output}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Instance:
    """A running instance."""

    def __init__(self, program: str, brokers: str, folder: Path):
        self._command = [
            program, "package-search", "--bootstrap-servers", brokers, "--application-id", "demo-vectors",
            # A static member: after a kill it takes its partitions back at once, and not after the session timeout.
            "--instance-id", "demo",
            "--state-dir", str(folder / "state"), "--listen", "127.0.0.1:0", "--address-file", str(folder / "address"),
        ]
        self._address_file = folder / "address"
        self._log = folder / "instance.log"
        self.start()

    def start(self) -> None:
        self._address_file.unlink(missing_ok=True)
        with open(self._log, "ab") as log:
            # In a session of its own, so that a Ctrl-C does not end it before the demo does.
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        self.await_until("the instance listens", lambda: self._address_file.exists() and self._address_file.read_text())
        self.address = self._address_file.read_text().strip()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def await_until(self, what: str, holds, seconds: float = START_SECONDS):
        """Waits until a condition holds, and returns its value."""
        deadline = time.monotonic() + seconds
        while True:
            value = holds()
            if value:
                return value
            if self._process.poll() is not None:
                raise DemoFailed(f"the instance has ended:\n{self._log_end()}")
            if time.monotonic() > deadline:
                raise DemoFailed(f"{what}: not within {seconds:.0f} s:\n{self._log_end()}")
            time.sleep(0.01)

    def _log_end(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])

    def entry_count(self) -> int:
        """Returns the number of entries in the index, 0 while it cannot be asked."""
        found = self._ask("GET", "/indexes")
        indexes = found["indexes"] if found else []
        return sum(index["total"]["entryCount"] for index in indexes if index["total"]["isComplete"])

    def search(self, vector, count: int, effort=None) -> list:
        """Returns names and values with their scores; an empty list while the index cannot be searched."""
        body = {"vector": vector.tolist(), "count": count}
        if effort:
            body["effort"] = effort
        found = self._ask("POST", "/indexes/similar-packages/search", json.dumps(body).encode())
        return found["matches"] if found else []

    def _ask(self, method: str, path: str, body: bytes | None = None):
        request = urllib.request.Request(
            f"http://{self.address}{path}", data=body, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return None
            raise DemoFailed(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error
        except OSError:
            return None
