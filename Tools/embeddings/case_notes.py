"""Makes the embeddings of the case notes, or prints the notes with their embeddings as records. See Tools/embeddings/case-notes."""

import json
import struct
import sys
from collections import Counter
from pathlib import Path

DIMENSIONS = 384
FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "TopologyTests" / "CaseNotes"


def read(name: str) -> list:
    """Returns the lines of a table: kind, `fraud` or `fine`, text."""
    lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


def vectors(name: str) -> list:
    """Returns the vectors of a table's lines, as they are in its file."""
    return list(struct.iter_unpack(f"<{DIMENSIONS}f", (FOLDER / f"{name}.f32").read_bytes()))


def records(option: str) -> None:
    """Prints a table as records of a topic, with the keys that the tests use."""
    name = "notes" if option == "--cases" else "events"
    rows = read(name)
    counts = Counter()
    for (kind, verdict, text), vector in zip(rows, vectors(name), strict=True):
        counts[kind] += 1
        value = {"text": text, "embedding": [round(component, 6) for component in vector]}
        if option == "--cases":
            key = f"{kind}-{counts[kind]}"
            value["isFraud"] = verdict == "fraud"
        else:
            key = f"account-{kind}-{counts[kind]}"
            value |= {"id": f"event-{kind}-{counts[kind]}", "account": key, "score": 0.5}
        print(f"{key}|{json.dumps(value)}")


def main() -> None:
    if sys.argv[1:] in (["--cases"], ["--events"]):
        records(sys.argv[1])
        return
    if len(sys.argv) > 1:
        sys.exit("usage: Tools/embeddings/case-notes [--cases | --events]")
    # Records are printed without the model, which need not be installed for that.
    from model import SentenceModel

    model = SentenceModel()
    for name in ("notes", "events"):
        rows = model.embed([text for _, _, text in read(name)])
        (FOLDER / f"{name}.f32").write_bytes(rows.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
