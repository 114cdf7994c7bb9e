"""Compares the figures of the topology with records that are counted: rates of nodes and edges, lag and its trend, errors.

The records are sent here, and the instances' counts of them are read beside the page. So the bounds of a rate are counts: those of
the moments at which the page asked for the first and for the last answer of its window.
"""

import bisect
import json
import threading
import time

from confluent_kafka import Producer

from browser import CheckFailed

WINDOW_SECONDS = 10
SOURCE, AGGREGATE = "KSTREAM-SOURCE-0000000000", "KSTREAM-AGGREGATE-0000000001"

FIGURES = """(() => ({
  nodes: Object.fromEntries([...document.querySelectorAll('g.node')].map((e) => [e.dataset.id, e.querySelector('.figure').textContent])),
  edges: Object.fromEntries([...document.querySelectorAll('g.flow')].map((e) => [`${e.dataset.from} > ${e.dataset.to}`, e.querySelector('text').textContent])),
}))()"""


def number(text):
    """A rate of the page as a number, and the most that the page has rounded off."""
    amount = text.removesuffix("/s")
    if amount.endswith("K"):
        return float(amount[:-1]) * 1_000, 100
    return float(amount.replace(",", "")), 0.05 if "." in amount else 0.5


def counted(instances):
    """The records that the tasks have processed and that each node has got."""
    counts = {}
    for task in (task for instance in instances for task in instance.get("tasks", []) if not task["isStandby"]):
        counts["processed"] = counts.get("processed", 0) + task["processedRecords"]
        for node, figures in task.get("nodes", {}).items():
            counts[node] = counts.get(node, 0) + figures["records"]
    return counts


class Counts:
    """The instances' counts, read again and again on a thread, each with the moments before and after the answer."""

    def __init__(self, ask):
        self.ask, self.samples, self.failure, self.stopped = ask, [], None, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped.wait(0.1):
            try:
                begun = time.time()
                counts = counted(self.ask())
                self.samples.append((begun, time.time(), counts))
            except Exception as error:  # noqa: BLE001 shown by the check that misses its samples
                self.failure = error

    def stop(self):
        self.stopped.set()
        self.thread.join()

    def least(self, node, moment):
        """The count of a node that had certainly been reached at a moment."""
        index = bisect.bisect_right([end for _, end, _ in self.samples], moment) - 1
        return self.samples[max(index, 0)][2].get(node, 0)

    def most(self, node, moment):
        """The count of a node that had certainly not been exceeded at a moment; None if it is not known yet."""
        index = bisect.bisect_left([begin for begin, _, _ in self.samples], moment)
        return self.samples[index][2].get(node, 0) if index < len(self.samples) else None


class Rates:
    def __init__(self, browser, fits, operating, servers, quiet):
        self.browser, self.fits, self.operating, self.quiet = browser, fits, operating, quiet
        self.producer = Producer({"bootstrap.servers": servers, "partitioner": "murmur2_random", "linger.ms": 5})
        self.sent = 0

    def check(self):
        """The page is open, with an operator's token."""
        self.quiet.touch()
        self.await_quiet()
        browser = self.browser
        browser.press("2")
        browser.wait("document.querySelectorAll('g.node').length > 8", "the topology")
        self.steady()
        self.waiting()
        self.failing()
        self.quiet.unlink()

    def expect(self, condition, what):
        if not condition:
            raise CheckFailed(what)

    def instances(self):
        return self.operating.instances()

    def await_quiet(self):
        """Waits until nothing arrives any more and everything is processed."""
        deadline, known, since = time.monotonic() + 60, None, 0
        while time.monotonic() < deadline:
            instances = self.instances()
            counts = sum(instance["processedRecords"] for instance in instances), sum(instance["lag"] for instance in instances)
            if counts != known:
                known, since = counts, time.monotonic()
            elif counts[1] == 0 and time.monotonic() - since > 3:
                return
            time.sleep(0.1)
        raise CheckFailed(f"the records do not come to rest: {known}")

    def send(self, key, score):
        value = json.dumps({"account": "a", "score": score, "timestampMs": int(time.time() * 1_000)}) if score is not None else "no JSON"
        self.producer.produce("risk-events", key=key, value=value)
        self.sent += 1

    def flush(self):
        self.expect(self.producer.flush(30) == 0, "records could not be sent")

    def stream(self, seconds, per_second):
        """Sends records at a rate, each tenth of which becomes an alert; returns how many of them and how many alerts."""
        begun, count, alerts = time.monotonic(), 0, 0
        while time.monotonic() - begun < seconds:
            due = int((time.monotonic() - begun) * per_second)
            while count < due:
                count += 1
                is_alert = count % 10 == 0
                alerts += is_alert
                self.send(f"{'alert' if is_alert else 'rate'}-{count % 997}", 0.97 if is_alert else 0.5)
            self.producer.poll(0.02)
        self.flush()
        return count, alerts

    # Rates

    def steady(self):
        before = counted(self.instances())
        counts = Counts(self.instances)
        result = []
        sender = threading.Thread(target=lambda: result.append(self.stream(22, 400)))
        sender.start()
        compared, widest = 0, 0
        try:
            # The window has to be full of the stream.
            begun = time.monotonic()
            self.browser.wait(f"performance.now() > {self.browser.ask('performance.now()') + (WINDOW_SECONDS + 3) * 1_000}", "a full window", 30)
            while sender.is_alive() and time.monotonic() - begun < 20:
                more, wide = self.compare(counts)
                compared, widest = compared + more, max(widest, wide)
        finally:
            sender.join()
            counts.stop()
        self.expect(compared >= 10, f"only {compared} rates could be compared; {counts.failure}")
        sent, alerts = result[0]
        self.await_quiet()
        after = counted(self.instances())
        grown = {node: after[node] - before.get(node, 0) for node in after}
        sinks = self.sinks()
        for node, expected in (("processed", sent), (SOURCE, sent), (AGGREGATE, sent), (sinks["risk-scores"], sent), (sinks["risk-alerts"], alerts)):
            self.expect(grown.get(node) == expected, f"{sent} records and {alerts} alerts were sent, and {node} has counted {grown.get(node)}")
        self.browser.press("3")
        shown = "[...document.querySelectorAll('main tbody tr[data-key$=false] td[data-label=Processed]')].reduce((sum, e) => sum + Number(e.textContent.replaceAll(',', '')), 0)"
        self.browser.wait(f"{shown} === {after['processed']}", f"the {after['processed']} processed records of the tasks")
        self.browser.press("2")
        self.browser.wait("[...document.querySelectorAll('g.node .figure')].some((e) => e.textContent === '0/s')", "rates of zero after the stream")
        print(f"  {sent} records, {alerts} alerts: {compared} rates of nodes and edges within their bounds, which differ by at most {widest:.0%}; all counted")

    def sinks(self):
        """The names of the sinks by their topics."""
        return dict(self.browser.ask("[...document.querySelectorAll('g.flow')].map((e) => [e.dataset.to, e.dataset.from]).filter(([to]) => to.startsWith('out ')).map(([to, from]) => [to.slice(4), from.slice(5)])"))

    def asked(self):
        return [moment for moment, url in self.browser.moments if url.endswith("/tasks")]

    def compare(self, counts):
        """Compares what the page shows after its next answer; returns the number of rates and the width of the widest bounds."""
        browser, known = self.browser, len(self.asked())
        deadline = time.monotonic() + 10
        while len(self.asked()) == known:
            self.expect(time.monotonic() < deadline, "the page does not ask any more")
            browser.ask("1")
            time.sleep(0.02)
        # The answer to the question before has been shown by now, that to the last one perhaps.
        figures = browser.ask(FIGURES)
        moments = self.asked()
        time.sleep(1)
        sinks = self.sinks()
        rates = [(node, figures["nodes"][f"node {node}"]) for node in (SOURCE, AGGREGATE, *sinks.values())]
        rates += [(SOURCE, figures["edges"][f"in risk-events > node {SOURCE}"]), (AGGREGATE, figures["edges"][f"node {SOURCE} > node {AGGREGATE}"])]
        rates += [(sink, figures["edges"][f"node {sink} > out {topic}"]) for topic, sink in sinks.items()]
        widest = 0
        for node, text in rates:
            low, high = self.bounds(node, moments, counts)
            shown, rounding = number(text) if text else (0, 0)
            self.expect(low - rounding <= shown <= high + rounding, f"{node} shows {text}, and its counts give {low:.1f} to {high:.1f} a second")
            widest = max(widest, (high - low) / high)
        return len(rates), widest

    def bounds(self, node, moments, counts):
        """The least and the greatest rate that counts allow, whichever of the last two answers is shown."""
        found = []
        # An answer is noted when it and that of the errors have arrived; a question's moment is before both.
        late = 0.6
        for last in moments[-2:]:
            for edge in (last - WINDOW_SECONDS - late, last - WINDOW_SECONDS + late):
                first = min((moment for moment in moments if moment >= edge), default=None)
                if first is None or last - first < 2:
                    continue
                low = (counts.least(node, last) - counts.most(node, first + late)) / (last - first + late)
                most = counts.most(node, last + late)
                high = ((counts.samples[-1][2].get(node, 0) if most is None else most) - counts.least(node, first)) / (last - first - late)
                found.append((low, high))
        self.expect(found, "the page has asked too seldom")
        return min(low for low, _ in found), max(high for _, high in found)

    # Lag

    def waiting(self):
        """A paused application's lag is what was sent meanwhile; it grows, and falls when it is resumed."""
        browser = self.browser
        status, _ = self.operating.ask("/pause", self.operating.operator, "POST")
        self.expect(status == 200, f"/pause has status {status}")
        lag = f"document.querySelector('g.node[data-id=\"node {SOURCE}\"] .lag').textContent"
        sender_result = []
        sender = threading.Thread(target=lambda: sender_result.append(self.stream(16, 100)))
        sender.start()
        browser.wait(f"/^lag .* ↗$/.test({lag})", "a growing lag at the source", 30)
        self.expect(browser.ask(f"document.querySelector('g.node[data-id=\"node {SOURCE}\"]').classList.contains('late')"), "a growing lag is not marked")
        browser.press("1")
        tile = "document.querySelector('.tile').innerText"
        browser.wait(f"{tile}.includes('growing')", "a growing lag in the overview")
        sender.join()
        sent, _ = sender_result[0]
        browser.wait(f"/(^|\\D){sent:,} records wait/.test({tile})", f"{sent} records that wait", 30)
        self.fits("lag")
        browser.press("2")
        browser.click(f"g.node[data-id='node {SOURCE}'] .label")
        browser.wait(f"document.querySelector('.details')?.innerText.includes('{sent:,} records wait, the oldest for ')", "the lag among the details of the source")
        oldest = browser.ask(f"{lag}.match(/^lag ([0-9.]+) (s|min)/)?.slice(1)")
        self.expect(oldest and (oldest[1] == "min" or float(oldest[0]) >= 8), f"the oldest of the records, sent over 16 s, waits for {oldest}")
        browser.click(".details .close")
        status, _ = self.operating.ask("/resume", self.operating.operator, "POST")
        self.expect(status == 200, f"/resume has status {status}")
        browser.wait(f"{lag} === 'lag 0 s'", "no lag at the source", 40)
        browser.press("1")
        browser.wait(f"{tile}.includes('falling') && /(^|\\D)0 records wait/.test({tile})", "a lag that has fallen")
        browser.press("2")
        print(f"  a lag of {sent} records: growing, complete, falling")

    # Errors

    def failing(self):
        """More errors than an instance remembers are still counted at their node, and nowhere else."""
        browser, before = self.browser, self.dead_letters()
        for _ in range(230):
            # One key, so that all are of one instance, which remembers 200.
            self.send("broken", None)
        self.flush()
        expected = before + 230
        trouble = "[...document.querySelectorAll('g.node')].filter((e) => e.querySelector('.trouble-figure').textContent !== '').map((e) => [e.dataset.id, e.querySelector('.trouble-figure').textContent])"
        browser.wait(f"JSON.stringify({trouble}) === {json.dumps(json.dumps([[f'node {SOURCE}', f'{expected} failed']], separators=(',', ':')))}", f"{expected} errors at the source, none elsewhere", 30)
        self.expect(self.dead_letters() == expected, f"{self.dead_letters()} dead letters are counted instead of {expected}")
        self.fits("failing")
        browser.press("1")
        browser.wait(f"[...document.querySelectorAll('.tile')].find((e) => e.innerText.startsWith('Dead letters')).querySelector('.tile-value').textContent === '{expected}'", "the dead letters of the overview")
        print(f"  {expected} errors at their node, of which an instance remembers 200")

    def dead_letters(self):
        return sum(instance["deadLetteredRecords"] for instance in self.instances())
