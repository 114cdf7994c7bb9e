"""Runs every expression of the dashboard and of the alerts in a Prometheus that scrapes instances.

    run_expressions.py http://127.0.0.1:9090 dashboard.json

Each expression of the dashboard has to give series, but those of caches of embeddings and of connectors, which the instances that are
scraped do not have: these only have to be accepted. The alerts' expressions were loaded by Prometheus; none may fail.
"""
import json
import sys
import time
import urllib.parse
import urllib.request

server, dashboard = sys.argv[1:3]
deadline = time.monotonic() + 60


def get(path, **parameters):
    with urllib.request.urlopen(f"{server}{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as response:
        return json.load(response)["data"]


def expressions():
    for panel in json.load(open(dashboard))["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "10s").replace("$job", ".*")


everything = list(expressions())
absent = ("millrace_embedding_cache_", "millrace_connector_")
waiting = [(title, expression) for title, expression in everything if not any(name in expression for name in absent)]
count = len(waiting)
accepted = [get("/api/v1/query", query=expression) for title, expression in everything if (title, expression) not in waiting]
while waiting:
    missing = [(title, expression) for title, expression in waiting if not get("/api/v1/query", query=expression)["result"]]
    if missing and time.monotonic() > deadline:
        for title, expression in missing:
            print(f"no series for \"{title}\": {expression}", file=sys.stderr)
        sys.exit(1)
    waiting = missing
    time.sleep(0.2 if missing else 0)

rules = [rule for group in get("/api/v1/rules")["groups"] for rule in group["rules"]]
while any(rule["health"] == "unknown" for rule in rules) and time.monotonic() < deadline:
    time.sleep(0.2)
    rules = [rule for group in get("/api/v1/rules")["groups"] for rule in group["rules"]]
bad = [rule["name"] for rule in rules if rule["health"] != "ok"]
if bad or not rules:
    sys.exit(f"these alerts were not evaluated: {bad or 'all'}")
print(f"{count} expressions of the dashboard have series, {len(accepted)} of caches of embeddings and of connectors are accepted; {len(rules)} alerts were evaluated")
