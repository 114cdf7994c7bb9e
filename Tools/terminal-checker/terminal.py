"""Terminals of tmux with a shell in them: keys go in, the screen comes out."""

import itertools
import os
import re
import subprocess
import time

SECONDS = 30
# The terminal itself echoes Ctrl-C, where nothing erases it.
PROMPT = re.compile(r"^(?:\^C)?\[(\d+)\]>$")


class Different(Exception):
    pass


class Terminal:
    """A shell in a terminal. Its prompt is the status of the last command: `[0]>`."""

    socket = f"millrace-checks-{os.getpid()}"
    numbers = itertools.count()

    def __init__(self, folder, columns=80, rows=24, **environment):
        self.name = f"terminal-{next(self.numbers)}"
        self.raw = folder / f"{self.name}.raw"
        variables = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "PS1": "[$?]> ", "TERM": "tmux-256color",
            "HISTFILE": "",
            **environment,
        }
        given = [f"{name}={value}" for name, value in variables.items() if value is not None]
        self.tmux("new-session", "-d", "-s", self.name, "-x", str(columns), "-y", str(rows), "-c", str(folder),
                  "env", "-i", *given, "bash", "--norc", "--noprofile", "-i")
        self.tmux("pipe-pane", "-t", self.name, f"cat >'{self.raw}'")
        self.is_new = True
        self.await_prompt()

    @classmethod
    def tmux(cls, *arguments):
        command = ["tmux", "-u", "-L", cls.socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @classmethod
    def end_all(cls):
        subprocess.run(["tmux", "-L", cls.socket, "kill-server"], check=False, capture_output=True)

    @property
    def lines(self):
        """The lines of the screen, without empty ones at the end."""
        return self.tmux("capture-pane", "-p", "-t", self.name).rstrip("\n").split("\n")

    @property
    def status(self):
        """The last command's status; None if it runs."""
        prompt = PROMPT.match(self.lines[-1].rstrip())
        return int(prompt[1]) if prompt else None

    def keys(self, *keys):
        self.tmux("send-keys", "-t", self.name, *keys)

    def start(self, command):
        """Types a command on an empty screen."""
        if not self.is_new:
            self.keys("C-l")
            self.until("an empty screen", lambda: len(self.lines) == 1 and self.status is not None)
        self.is_new = False
        self.tmux("send-keys", "-t", self.name, "-l", command)
        self.keys("Enter")

    @staticmethod
    def until_true(what, condition, shown):
        deadline = time.monotonic() + SECONDS
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise Different(f"{what} did not come:\n{shown()}")
            time.sleep(0.05)
        return found

    def until(self, what, condition):
        return self.until_true(what, condition, lambda: "\n".join(self.lines))

    def await_prompt(self, status=None):
        self.until("the prompt", lambda: self.status is not None)
        if status is not None and self.status != status:
            raise Different(f"the status is {self.status}, not {status}; the screen:\n" + "\n".join(self.lines))

    def await_line(self, pattern):
        """Waits for a line of this form and returns its match. There has to be one only: a bar that is too wide stands on two."""
        def found():
            matches = [match for line in self.lines if (match := re.search(pattern, line))]
            if len(matches) > 1:
                raise Different(f"{pattern} stands there {len(matches)} times:\n" + "\n".join(self.lines))
            return matches[0] if matches else None
        return self.until(pattern, found)

    def await_clean(self, label, status=0):
        """Waits for the end of the command; nothing of the bar may be left."""
        self.await_prompt(status)
        if rest := [line for line in self.lines if label in line or re.search("[█░]", line)]:
            raise Different("left on the screen:\n" + "\n".join(rest))

    @property
    def written(self):
        """Everything that was written to the terminal."""
        return self.raw.read_text(errors="replace")
