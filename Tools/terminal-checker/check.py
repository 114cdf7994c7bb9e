"""Looks at progress bars in terminals: see Tools/terminal-checks.

Verbs are slow here because the broker answers slowly (slow.py) or is stopped, until the check has seen what it looks for. So nothing
depends on the speed of the machine.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from slow import SlowConnection
from terminal import Different, Terminal

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / ".build/debug"
MILLRACE = BIN / "millrace"
RECORDS = 12_000
SECONDS = 60
BAR = r"[█░]{8,40} (\d+) % \((\d+) of (\d+)\)$"


class Checks:
    def __init__(self, folder):
        self.folder = folder
        self.slow = SlowConnection()
        self.slow.let_go()
        self.processes = []
        self.broker = self.begin_broker("broker", "--advertised", self.slow.address, *topics(
            "dead:2", "risk-events:1", "risk-scores:1", "risk-alerts:1"))
        self.slow.broker = self.address_of("broker")
        self.fill()

    def begin(self, name, *command):
        log = (self.folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            [*map(str, command), "--address-file", str(self.folder / f"{name}.address")], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, cwd=self.folder)
        self.processes.append(process)
        return process

    def begin_broker(self, name, *options):
        return self.begin(
            name, MILLRACE, "broker", "--port", "0", "--log-level", "error", "--data-dir", self.folder / "data", *options)

    def address_of(self, name):
        file = self.folder / f"{name}.address"
        Terminal.until_true(f"the address of {name}", file.exists, lambda: (self.folder / f"{name}.log").read_text())
        return file.read_text().strip()

    def fill(self):
        letters = "\n".join(f"k{number}:{'x' * 90}" for number in range(RECORDS))
        events = "\n".join(
            f'a{number}:{{"account": "a{number}", "score": 0.{number % 97 + 1:02}, "timestampMs": {number}}}'
            for number in range(RECORDS))
        for topic, text in (("dead", letters), ("risk-events", events)):
            subprocess.run(["kcat", "-P", "-b", self.slow.address, "-t", topic, "-K", ":", "-X", "batch.num.messages=100"], input=text, text=True, check=True)

    def terminal(self, **options):
        return Terminal(self.folder, **{
            "MILLRACE_CONSUMER_FETCH_MESSAGE_MAX_BYTES": "10000", "MILLRACE_BOOTSTRAP_SERVERS": self.slow.address, "MILLRACE_CONNECT_TIMEOUT_MS": "60000",
            "MILLRACE_APPLICATION_ID": "risk", "MILLRACE_STATE_DIR": str(self.folder / "state"), **options})

    def millrace(self, text):
        return f"{MILLRACE} {text}"

    def frozen(self, process):
        return Frozen(process)

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()

    # The checks.

    def letters(self):
        """A list of dead letters shows how far it is, of how many, and then only the list."""
        self.slow.slow_down()
        terminal = self.terminal(rows=50)
        terminal.start(self.millrace("dlq list dead --max 3 --error nothing"))
        bar = terminal.await_line("^reading dead " + BAR)
        expect(int(bar[3]) == RECORDS and int(bar[1]) == int(bar[2]) * 100 // RECORDS, bar[0])
        terminal.until("progress", lambda: int(terminal.await_line(BAR)[2]) > int(bar[2]))
        self.slow.let_go()
        terminal.await_clean("reading dead")
        expect("no dead letters wait in dead" in terminal.lines, terminal.lines)

    def retry(self):
        """A retry of all letters says how many it has looked at, also if none of them has to be written."""
        self.slow.slow_down()
        terminal = self.terminal()
        terminal.start(self.millrace("dlq retry dead --all --error nothing"))
        bar = terminal.await_line("^retrying " + BAR)
        expect(int(bar[3]) == RECORDS, bar[0])
        self.slow.let_go()
        terminal.await_clean("retrying")

    def narrow(self):
        """In 40 columns the bar stands on one line, and in 24 only its numbers."""
        for columns, pattern in ((40, r"^read(ing dead|[^ ]*…)( [█░]{8,})? \d+ % \(\d+ of \d+\)$"),
                                 (24, r"^r[^ ]*… \d+ % \(\d+ of \d+\)$")):
            self.slow.slow_down()
            terminal = self.terminal(columns=columns)
            terminal.start(self.millrace("dlq list dead --error nothing 2>&1"))
            terminal.await_line(pattern)
            self.slow.let_go()
            terminal.await_clean("reading")

    def plain(self):
        """A terminal that cannot erase has no bar, one without Unicode a bar of ASCII; colours do not matter."""
        self.slow.slow_down()
        command = self.millrace("dlq list dead --error nothing")
        dumb = [self.terminal(TERM="dumb"), self.terminal(TERM=None)]
        for terminal in dumb:
            terminal.start(command)
        ascii_only, colourless = self.terminal(LC_ALL="C"), self.terminal(NO_COLOR="1")
        for terminal in (ascii_only, colourless):
            terminal.start(command)
        ascii_only.await_line(r"^reading dead [#.]{8,40} \d+ %")
        colourless.await_line("^reading dead " + BAR)
        self.slow.let_go()
        for terminal in (*dumb, ascii_only, colourless):
            terminal.await_clean("reading dead")
        for terminal in dumb:
            expect("\r\x1b[K" not in terminal.written and "%" not in terminal.written, terminal.written)

    def pipes(self):
        """A pipe has no bar in it. The terminal has one while the output goes into a file, however much that is."""
        self.slow.slow_down()
        terminal = self.terminal()
        terminal.start(self.millrace("tail dead --from beginning >out.txt"))
        first = int(terminal.await_line("^reading dead " + BAR)[2])
        terminal.until("progress", lambda: int(terminal.await_line(BAR)[2]) > first)
        self.slow.let_go()
        terminal.await_clean("reading dead")
        written = (self.folder / "out.txt").read_text()
        expect(written.count("\n") == RECORDS and "\x1b" not in written, written[:400])
        self.slow.slow_down()
        piped = self.terminal()
        piped.start(self.millrace("dlq list dead --error nothing 2>errors.txt"))
        both = self.terminal()
        both.start(self.millrace("dlq list dead --error nothing | cat"))
        both.await_line("^reading dead " + BAR)
        self.slow.let_go()
        piped.await_clean("reading dead")
        both.await_clean("reading dead")
        expect((self.folder / "errors.txt").read_text() == "no dead letters wait in dead\n", "errors.txt")

    def interrupted(self):
        """Ctrl-C and Ctrl-Z leave a clean line; a stopped command goes on, and in the background it is silent."""
        self.slow.slow_down()
        terminal = self.terminal()
        command = self.millrace("dlq list dead --error nothing")
        terminal.start(command)
        terminal.await_line("^reading dead " + BAR)
        terminal.keys("C-c")
        terminal.await_clean("reading dead", status=130)
        terminal.start(command)
        terminal.await_line("^reading dead " + BAR)
        terminal.keys("C-z")
        terminal.until("the stop", lambda: any("Stopped" in line for line in terminal.lines))
        terminal.until("the prompt", lambda: terminal.status is not None)
        expect(not any(re.search(BAR, line) for line in terminal.lines), terminal.lines)
        terminal.start("fg")
        terminal.await_line("^reading dead " + BAR)
        terminal.keys("C-c")
        terminal.await_clean("reading dead", status=130)
        terminal.start(f"{command} & wait")
        watched = self.terminal()
        watched.start(command)
        watched.await_line("^reading dead " + BAR)
        expect(not any(re.search(BAR, line) for line in terminal.lines), terminal.lines)
        self.slow.let_go()
        watched.await_clean("reading dead")
        terminal.await_clean("reading dead")

    def waiting(self):
        """While the broker does not answer, each verb says for how long it has waited."""
        for verb, label in (("lag risk", "reading the lag of risk"), ("dlq show dead 0:0", "reading dead"),
                            ("dlq drop dead 0:0", "dropping"), ("reset risk-scores", "asking the cluster"),
                            ("explain risk-scores a1", "replaying"), ("replay risk-scores", "replaying")):
            terminal = self.terminal()
            with self.frozen(self.broker):
                terminal.start(self.millrace(verb))
                terminal.await_line(rf"^{label}  \d+ s$")
                terminal.keys("C-c")
                terminal.await_clean(label, status=130)

    def replay(self):
        """A replay counts the records of the slice, whatever it prints."""
        self.slow.slow_down()
        terminal = self.terminal()
        terminal.start(self.millrace("replay risk-scores --key nobody"))
        bar = terminal.await_line("^replaying " + BAR)
        expect(int(bar[3]) == RECORDS, bar[0])
        self.slow.let_go()
        terminal.await_clean("replaying")

    def restore(self):
        """An instance shows how far its stores are restored, and an explanation how much it has read."""
        command = self.millrace("run risk-scores --log-level error")
        terminal = self.terminal()
        terminal.start(command)
        self.until_lag_is_zero()
        terminal.keys("C-c")
        terminal.await_clean("starting")
        self.slow.slow_down()
        terminal.start(self.millrace("explain risk-scores a1"))
        expect(int(terminal.await_line("^replaying " + BAR)[3]) == RECORDS, terminal.lines)
        self.slow.let_go()
        terminal.await_clean("replaying")
        shutil.rmtree(self.folder / "state")
        with self.frozen(self.broker):
            terminal.start(command)
            terminal.await_line(r"^starting  \d+ s$")
            # A changelog is compressed.
            self.slow.slow_down(bytes_per_second=15_000)
        bar = terminal.await_line("^restoring stores " + BAR)
        expect(int(bar[3]) >= max(int(bar[2]), 50), bar[0])
        terminal.keys("C-c")
        self.slow.let_go()
        terminal.await_clean("restoring stores")

    def until_lag_is_zero(self):
        def is_zero():
            lags = subprocess.run(
                [MILLRACE, "lag", "risk", "--json", "--bootstrap-servers", self.slow.address], capture_output=True, text=True)
            return lags.returncode == 0 and all('"records": 0' in line for line in lags.stdout.splitlines())
        Terminal.until_true("an instance without lag", is_zero, lambda: "")

    def server(self):
        """A verb that waits for an instance says so."""
        instance = self.begin(
            "instance", BIN / "risk-scores", "--bootstrap-servers", self.slow.address, "--application-id", "served",
            "--state-dir", self.folder / "served", "--listen", "127.0.0.1:0")
        address = self.address_of("instance")
        for verb in ("status", "tasks", "stores", "query risk-store a1", "query risk-store", "changes risk-store", "pause"):
            terminal = self.terminal(MILLRACE_SERVER=address)
            with self.frozen(instance):
                terminal.start(self.millrace(verb))
                terminal.await_line(rf"^waiting for {address}  \d+ s$")
                terminal.keys("C-c")
                terminal.await_clean("waiting for", status=130)

    def simulation(self):
        """A simulation counts its seeds."""
        terminal = self.terminal()
        terminal.start(self.millrace("simulate --seeds 100000 --scenario risk"))
        expect(int(terminal.await_line("^simulating " + BAR)[3]) == 100_000, terminal.lines)
        terminal.keys("C-c")
        terminal.await_clean("simulating", status=130)


class Frozen:
    """A process that is stopped for a while."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        self.process.send_signal(signal.SIGSTOP)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)


def topics(*names):
    return [word for name in names for word in ("--topic", name)]


def expect(condition, found):
    if not condition:
        raise Different(f"not as expected: {found}")


ALL = ("letters", "retry", "narrow", "plain", "pipes", "interrupted", "waiting", "replay", "restore", "server", "simulation")


def main():
    names = sys.argv[1:] or ALL
    if unknown := set(names) - set(ALL):
        sys.exit(f"Tools/terminal-checks: there is no check {', '.join(sorted(unknown))}: {', '.join(ALL)}")
    for program in ("tmux", "kcat"):
        if not shutil.which(program):
            sys.exit(f"Tools/terminal-checks: there is no {program} on the path; Tools/setup --checks installs it")
    # Nothing is left when the time limit of a step ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="terminal-checks-"))
    os.environ["TMUX_TMPDIR"] = str(folder)
    checks, failed = None, 0
    try:
        checks = Checks(folder)
        for name in names:
            check = getattr(checks, name)
            try:
                check()
                print(f"OK    {name}: {check.__doc__}", flush=True)
            except Different as different:
                failed += 1
                print(f"FAIL  {name}: {check.__doc__}\n{different}", flush=True)
            checks.slow.let_go()
    except Different as different:
        sys.exit(f"Tools/terminal-checks: {different}")
    finally:
        Terminal.end_all()
        if checks:
            checks.end()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


main()
