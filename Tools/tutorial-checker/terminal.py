"""What shows the outputs of programs: terminals, and the comparison of an output with the page."""

import re
import signal
import subprocess
import time

from page import Different

READ_SECONDS = 30
# What differs from time to time, and what stands for it in both texts.
VARIES = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})?", "<time>"),
    (r"\b1[5-9]\d{11}\b", "<milliseconds>"),
    (r"\b\d+\.\d+ seconds", "<duration>"),
    (r"[ \t]+", " "),
)


class Terminal:
    """A program that runs until it is stopped."""

    def __init__(self, command, folder, environment, log):
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)

    def await_output(self, expected, place):
        deadline = time.monotonic() + READ_SECONDS
        while not matches(expected, self.log.read_text(), whole=False):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Different(f"{place}: expected in the terminal:\n{expected}\nbut it shows:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(30)
        if status not in (0, -signal.SIGINT):
            raise Different(f"{self.process.args[-1]} ended with {status} after Ctrl-C:\n{self.log.read_text()}")


def matches(expected, output, whole=True):
    for pattern, name in VARIES:
        expected, output = re.sub(pattern, name, expected), re.sub(pattern, name, output)
    lines = (".*" if line.strip() == "…" else re.escape(line.strip()).replace("…", "[^\n]*") for line in expected.splitlines())
    pattern = r"\n?".join(lines) if "\n…\n" in f"\n{expected}" else "\n".join(lines)
    output = "\n".join(line.strip() for line in output.strip().splitlines())
    return bool((re.fullmatch if whole else re.search)(pattern, output, re.S))
