"""Writes embeddings of the descriptions of Debian's packages for `millrace-bench vectors --embeddings FILE`: 50,000 to be searched, and
beside them, in FILE.queries, 1,000 others to search for. They are floats of 4 bytes, 384 for each text.

    Tools/embeddings/setup
    .millrace/embeddings/venv/bin/python3 Tools/vector-peers/texts.py FILE
"""

import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "embeddings"))

from model import SentenceModel

COUNT, QUERIES, STEP = 50_000, 1_000, 1_000


def descriptions():
    """The different short descriptions with the names of their packages, in an order that does not depend on the names."""
    texts, seen, package = [], set(), ""
    packages = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    for line in packages.splitlines():
        name, _, value = line.partition(": ")
        if name == "Package":
            package = value
        elif name == "Description" and value.strip() and value.strip() not in seen:
            seen.add(value.strip())
            texts.append(f"{package}: {value.strip()}")
    texts.sort()
    random.Random(7).shuffle(texts)
    return texts


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: texts.py FILE")
    texts = descriptions()
    if len(texts) < COUNT + QUERIES:
        sys.exit(f"apt knows {len(texts)} descriptions, and {COUNT + QUERIES} are needed: run apt-get update")
    model = SentenceModel()
    for path, part in [(sys.argv[1], texts[:COUNT]), (sys.argv[1] + ".queries", texts[COUNT : COUNT + QUERIES])]:
        with open(path + ".part", "wb") as file:
            for first in range(0, len(part), STEP):
                file.write(model.embed(part[first : first + STEP]).astype("<f4").tobytes())
                print(f"{path}: {min(first + STEP, len(part))} of {len(part)}", flush=True)
        Path(path + ".part").rename(path)


main()
