"""Does what docs/tutorial.md says, as a newcomer would: writes its files, runs its commands, and compares what they print.

    Tools/tutorial-check [FOLDER] [--show]

The folder is a new temporary one by default, which is removed at the end. With the folder of a package that has been built
already, such as the README's in FOLDER/spending, most modules need not be built again. --show prints all outputs.

What stands in the page:
- A block under a file's name, `NAME` on a line, is written to that file.
- A block of sh is run in one shell, the page's first terminal. The block without a language that follows is its output.
- A block of sh under <!-- terminal NAME --> runs in a terminal of its own until <!-- Ctrl-C NAME -->. The block that follows it, or
  that stands under <!-- shown in NAME -->, is a part of its output.
- A block of sh under <!-- done before: FILE --> is not run; the file has to be there. Tools/setup installs packages, and Tools/test
  builds with its own options.

In an output `…` stands for anything, alone on a line for any lines; times, durations and the widths of columns may differ. Commands that
only read are repeated until they print what the page says, for an instance may not be so far. Ports become free ones.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from page import Different, Page, write
from terminal import READ_SECONDS, Terminal, matches

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/tutorial.md"
PORTS = ("9092", "8080")
COMMAND_SECONDS = 1800
# Commands of which the first answer counts.
ACTS = re.compile(r"kcat -P|dlq (retry|drop)|reset --yes|swift |mkdir ")


class Newcomer:
    """Works through the page in a folder beside the clone."""

    def __init__(self, folder, notes, show):
        self.folder, self.notes, self.show = folder, notes, show
        self.environment = {**os.environ, "PWD": str(folder)}
        self.terminal_environment = dict(os.environ)
        self.terminals = {}
        self.shown_in = None
        self.command = None

    def follow(self, page):
        for place, block in page.blocks():
            if block["directive"]:
                self.directive(block["directive"], block["text"], place)
            elif block["file"]:
                self.flush()
                write(block, self.environment["PWD"])
            elif block["language"] == "sh":
                self.flush()
                self.command = (block["text"], place)
            elif block["language"] == "":
                self.output(block["text"], place)
            else:
                raise Different(f"{place}: a block of {block['language']} is neither a file nor a command")
        self.flush()

    def directive(self, directive, text, place):
        self.flush()
        kind, _, rest = directive.partition(" ")
        if kind == "terminal":
            log = self.notes / f"{rest}-{place}.log"
            self.terminals[rest] = Terminal(text, self.environment["PWD"], self.terminal_environment, log)
            self.shown_in = rest
        elif directive.startswith("shown in "):
            self.terminals[directive.removeprefix("shown in ")].await_output(text, place)
        elif kind == "Ctrl-C":
            self.terminals.pop(rest).stop()
            if text:
                self.command = (text, place)
        elif directive.startswith("done before: "):
            file = self.folder / directive.removeprefix("done before: ")
            if not file.exists():
                raise Different(f"there is no {file}: {text.strip()}")
        else:
            raise Different(f"{place}: unknown: {directive}")

    def output(self, expected, place):
        if self.command:
            self.run(expected)
        elif self.shown_in:
            self.terminals[self.shown_in].await_output(expected, place)
        else:
            raise Different(f"{place}: there is no command above this output")
        self.shown_in = None

    def flush(self):
        """Runs a command whose output the page does not show."""
        self.shown_in = None
        if self.command:
            self.run(None)

    def run(self, expected):
        (text, place), self.command = self.command, None
        deadline = time.monotonic() + READ_SECONDS
        while True:
            status, output = self.shell(text)
            if status == 0 and (expected is None or matches(expected, output)):
                break
            if ACTS.search(text) or time.monotonic() > deadline:
                raise Different(
                    f"{place}: {text}ended with {status}; expected:\n{expected or ''}\nbut it printed:\n{output}"
                    + "".join(f"\n{name}:\n{terminal.log.read_text()[-4000:]}" for name, terminal in self.terminals.items()))
            time.sleep(0.2)
        print(f"{place}: {text.strip()}", flush=True)
        if self.show:
            print(output, flush=True)

    def shell(self, text):
        """Runs a block; later blocks find its variables and its folder."""
        kept = self.notes / "environment"
        script = f"set -eo pipefail\ntrap 'status=$?; env -0 >{kept}; exit $status' EXIT\n{text}"
        process = subprocess.Popen(
            ["bash", "-c", script], cwd=self.environment["PWD"], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        try:
            output, _ = process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Different(f"{text}did not end within {COMMAND_SECONDS} s")
        if process.returncode == 0:
            self.environment = dict(pair.split("=", 1) for pair in kept.read_text().split("\0") if pair)
        return process.returncode, output

    def leave(self):
        for terminal in self.terminals.values():
            if terminal.process.poll() is None:
                terminal.process.kill()
                terminal.process.wait()


def begin_anew(folder):
    """Removes what an earlier run, or another package, has left beside what has been built."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in [*folder.iterdir(), *(folder / "spending").glob("*")]:
        if path.name in ("millrace", "spending", ".build", "Package.resolved"):
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--show"]
    scratch = None if arguments else tempfile.mkdtemp(prefix="tutorial-")
    folder = Path(arguments[0] if arguments else scratch).resolve()
    notes = Path(tempfile.mkdtemp(prefix="tutorial-notes-"))
    newcomer = Newcomer(folder, notes, "--show" in sys.argv)
    try:
        begin_anew(folder)
        if not (folder / "millrace").exists():
            (folder / "millrace").symlink_to(ROOT)
        newcomer.follow(Page(PAGE, [(port, free_port()) for port in PORTS]))
    except Different as different:
        sys.exit(f"Tools/tutorial-check: {different}")
    finally:
        newcomer.leave()
        shutil.rmtree(notes)
        if scratch:
            shutil.rmtree(scratch)


main()
