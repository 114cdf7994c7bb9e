"""Reads expositions with Prometheus' client for Python.

    read_expositions.py FOLDER     what ExpositionTests has written: NAME.txt and NAME.om, and NAME.json with what they hold
    read_expositions.py --live FILE.txt FILE.om     two scrapes of an instance
"""
import json
import pathlib
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text


def fail(message):
    sys.exit(f"read_expositions.py: {message}")


def counters(families, name):
    return {
        frozenset(sample.labels.items()): sample.value
        for family in families if family.name == name
        for sample in family.samples if sample.name == name + "_total"
    }


def check_folder(folder):
    expected = sorted(folder.glob("*.json"))
    if len(expected) < 50:
        fail(f"only {len(expected)} expositions in {folder}")
    for path in expected:
        wanted = {
            frozenset(entry["labels"].items()): float(entry["value"]) for entry in json.loads(path.read_text())
        }
        for suffix, parse in ((".txt", text), (".om", open_metrics)):
            with open(path.with_suffix(suffix), newline="") as file:
                families = list(parse(file.read()))
            found = counters(families, "visits")
            if found != wanted:
                fail(f"{path.with_suffix(suffix)}: {found}, not {wanted}")
            if not any(family.name == "sizes" and family.type == "histogram" for family in families):
                fail(f"{path.with_suffix(suffix)}: no histogram of sizes")
    print(f"{len(expected)} expositions read back as they were written, in both formats")


def check_live(text_file, open_metrics_file):
    names = []
    for path, parse in ((text_file, text), (open_metrics_file, open_metrics)):
        families = list(parse(pathlib.Path(path).read_text()))
        names.append({family.name for family in families})
        if len(families) < 30:
            fail(f"{path} has {len(families)} families only")
        for family in families:
            if family.type not in ("counter", "gauge", "histogram") or not family.documentation:
                fail(f"{path}: {family.name} has type {family.type} and help {family.documentation!r}")
    if names[0] ^ names[1]:
        fail(f"the formats differ: {names[0] ^ names[1]}")
    print(f"{len(names[0])} families in both formats")


if sys.argv[1] == "--live":
    check_live(*sys.argv[2:4])
else:
    check_folder(pathlib.Path(sys.argv[1]))
