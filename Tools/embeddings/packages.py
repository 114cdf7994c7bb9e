"""The descriptions of Debian's packages and their embeddings, which are kept in .millrace/embeddings for the next time."""

import fcntl
import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy

from model import DIMENSIONS, SentenceModel

FOLDER = Path(__file__).resolve().parents[2] / ".millrace" / "embeddings"
ROW_BYTES = DIMENSIONS * 4
TEXTS_AT_ONCE = 256

_model = None


def read_packages(count: int | None) -> list:
    """Returns names and texts of packages: programs first, then all others, in an order that looks random but is always the same."""
    output = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found = {}
    for paragraph in output.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line and line[0] != " ")
        text = fields.get("Description") or fields.get("Description-en")
        if "Package" in fields and text:
            name = fields["Package"]
            order = ("role::program" not in paragraph, hashlib.sha256(name.encode()).digest())
            found[name] = (order, f"{name}: {text}")
    if not found:
        sys.exit("apt knows no packages on this machine: run apt-get update first")
    ordered = sorted(found.items(), key=lambda item: item[1][0])
    return [(name, text) for name, (_, text) in ordered[:count]]


def embed_packages(texts: list) -> numpy.ndarray:
    """Returns the vectors of the texts, of which only those are computed that were not computed before."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "texts.txt", "a+b") as lines, open(FOLDER / "vectors.f32", "a+b") as rows:
        fcntl.flock(lines, fcntl.LOCK_EX)
        known = _read_known(lines, rows)
        missing = sorted({text for text in texts if text not in known}, key=len)
        _check_disk(len(missing))
        _compute(missing, known, lines, rows)
    return numpy.array([known[text] for text in texts], dtype=numpy.float32)


def _read_known(lines, rows) -> dict:
    """Reads what was computed before, and cuts off what an interrupted run has left half written."""
    lines.seek(0)
    texts = lines.read().split(b"\n")[:-1]
    rows.seek(0, os.SEEK_END)
    count = min(len(texts), rows.tell() // ROW_BYTES)
    rows.seek(0)
    vectors = numpy.frombuffer(rows.read(count * ROW_BYTES), dtype="<f4").reshape(count, DIMENSIONS)
    texts = texts[:count]
    lines.truncate(sum(len(text) + 1 for text in texts))
    rows.truncate(count * ROW_BYTES)
    return {text.decode(): vector for text, vector in zip(texts, vectors)}


def _check_disk(count: int) -> None:
    needed, free = count * ROW_BYTES * 2, shutil.disk_usage(FOLDER).free
    if free < needed:
        sys.exit(f"{FOLDER} has {free >> 20} MB of free disk, but {count} embeddings need {needed >> 20} MB")


def _compute(texts: list, known: dict, lines, rows) -> None:
    global _model
    if not texts:
        return
    _model = SentenceModel()
    parts = [texts[start : start + TEXTS_AT_ONCE] for start in range(0, len(texts), TEXTS_AT_ONCE)]
    start, done = time.monotonic(), 0
    with multiprocessing.get_context("fork").Pool(len(os.sched_getaffinity(0)), _ignore_interrupts) as pool:
        for part, vectors in pool.imap(_embed_part, parts):
            rows.write(vectors.astype("<f4").tobytes())
            rows.flush()
            lines.write("".join(f"{text}\n" for text in part).encode())
            lines.flush()
            known.update(zip(part, vectors))
            done += len(part)
            _show(done, len(texts), start)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _show(done: int, count: int, start: float) -> None:
    """Shows the progress: in place on a terminal, a line for about every tenth elsewhere."""
    rate = done / (time.monotonic() - start)
    line = f"embeddings: {done:,} of {count:,}, {rate:.0f}/s, {(count - done) / rate:.0f} s left"
    if sys.stderr.isatty():
        print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
    elif done == count or done * 10 // count > (done - TEXTS_AT_ONCE) * 10 // count:
        print(line, file=sys.stderr, flush=True)


def _ignore_interrupts() -> None:
    # Ctrl-C reaches every process of the terminal; the parent ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _embed_part(texts: list) -> tuple:
    return texts, _model.embed(texts)
