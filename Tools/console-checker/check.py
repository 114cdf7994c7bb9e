"""Clicks through the console of live instances and compares the page with what it should show.

    check.py FOLDER_OF_SCREENSHOTS ADDRESS OTHER_ADDRESS OTHER_PROCESS_ID ADDRESS_WITH_TOKENS TOKEN OPERATOR_TOKEN WINDOWS_ADDRESS \
        CASES_ADDRESS SERVERS EXECUTABLE WORK_FOLDER

While the file "quiet" is in the work folder, nobody else writes records.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from browser import Browser, CheckFailed
from connectors import Connectors, Worker
from indexes import Indexes
from live import Instance, Live
from operating import Operating
from rates import Rates
from states import States
from why import Why

SCRIPT_KEY = "<script>window.hacked = 1</script>"
IMAGE_KEY = '<img src=x onerror="window.hacked = 1">'
SECRET = "geheim-4711"

# The contrast of each visible text with what is behind it, by WCAG 2: the texts that have less than 4.5.
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest("svg, option, noscript, .skip, :disabled")) continue;
    let back = e;
    while (back && rgba(getComputedStyle(back).backgroundColor)[3] < 255) back = back.parentElement;
    const [one, other] = [light(rgba(getComputedStyle(e).color)), light(rgba(getComputedStyle(back ?? document.documentElement).backgroundColor))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) found.add(`${walker.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return [...found];
})()"""


def expect(condition, what):
    if not condition:
        raise CheckFailed(what)


def titled(title):
    return f"""[...document.querySelectorAll("h1")].some((e) => e.textContent.includes({json.dumps(title)}))"""


class Checks:
    def __init__(self, browser, folder, address, other, cases):
        self.browser, self.folder, self.address, self.other, self.cases = browser, folder, address, other, cases
        self.look = ""

    def fits(self, name):
        """The page has no sideways scrolling, readable colours, and no complaint; a screenshot is taken."""
        browser = self.browser
        wide = browser.ask("[document.documentElement.scrollWidth, innerWidth]")
        expect(wide[0] <= wide[1], f"{name} ({self.look}) is {wide[0]} wide on a page of {wide[1]}")
        pale = browser.ask(CONTRAST)
        expect(not pale, f"{name} ({self.look}): texts without contrast: {pale}")
        expect(not browser.complaints, f"{name} ({self.look}): {browser.complaints}")
        if self.folder:
            browser.shoot(self.folder / f"{name}-{self.look}.png")

    def tab(self, label, title):
        self.browser.ask("scrollTo(0, 0)")
        # The link's count of errors is not a part of its label.
        name = label.lower()
        self.browser.click(f"#tabs a[href='#/{name}']")
        self.browser.wait(titled(title), f"the view {label}")
        self.browser.wait(f"document.querySelector('#tabs a[aria-current]').textContent.startsWith({json.dumps(label)})", "the tab")

    # Views

    def overview(self):
        browser = self.browser
        browser.wait("[...document.querySelectorAll('.tile')].some((e) => e.innerText.includes('Threads running') && e.innerText.includes('2 of 2'))", "2 of 2 threads")
        browser.wait(f"document.querySelectorAll('main tbody tr').length >= 2 && document.querySelector('main').innerText.includes({json.dumps(self.other)})", "both instances")
        browser.wait("document.querySelectorAll('main tbody tr .badge.good').length >= 2", "both instances run")
        browser.wait("[...document.querySelectorAll('.tile')].find((e) => e.innerText.startsWith('Rate')).querySelector('polyline') !== null", "a drawn rate")
        browser.wait("[...document.querySelectorAll('.tile')].find((e) => e.innerText.startsWith('Dead letters')).querySelector('.tile-value').textContent === '2'", "two dead letters")
        browser.wait("/Lag[^]*records wait/.test(document.querySelector('.tile').innerText)", "the lag")
        self.fits("overview")

    def topology(self):
        browser = self.browser
        self.tab("Topology", "Topology")
        names = browser.wait("(() => { const n = [...document.querySelectorAll('g.node')].map((e) => e.dataset.id); return n.length > 8 && n; })()", "nodes")
        for id in ("in risk-events", "store risk-store", "out risk-scores", "out risk-alerts", "node KSTREAM-SOURCE-0000000000"):
            expect(id in names, f"the graph lacks {id}: {names}")
        crossing = browser.ask("""(() => { const b = [...document.querySelectorAll('g.node rect')].map((e) => e.getBoundingClientRect());
            return b.some((p, i) => b.some((q, j) => i < j && p.x < q.right && q.x < p.right && p.y < q.bottom && q.y < p.bottom)); })()""")
        expect(not crossing, "nodes lie on one another")
        browser.wait("document.querySelector('g.node.bad .trouble-figure')?.textContent.includes('failed')", "errors on the node that has them")
        browser.wait("/[1-9].*\\/s/.test(document.querySelector('g.node.source .figure').textContent)", "the rate at the source")
        browser.wait("/^lag /.test(document.querySelector('g.node.source .lag').textContent)", "the lag at the source")
        browser.wait("[...document.querySelectorAll('g.flow.flowing .flow-rate')].some((e) => /[1-9].*\\/s/.test(e.textContent))", "the rate of an edge")
        covered = browser.ask("""(() => { const t = [...document.querySelectorAll('.flow-rate, .below')].filter((e) => e.textContent.trim()).map((e) => [e.textContent, e.getBoundingClientRect()]);
            return t.flatMap(([p, a], i) => t.slice(i + 1).filter(([, b]) => a.x < b.right && b.x < a.right && a.y + 2 < b.bottom && b.y + 2 < a.bottom).map(([q]) => `${p} and ${q}`)); })()""")
        expect(not covered, f"texts lie on one another: {covered}")
        self.fits("topology")
        browser.click("g.node.store .label")
        browser.wait("document.querySelector('.details h2')?.textContent === 'risk-store'", "details of the store")
        expect("risk-store-changelog" in browser.ask("document.querySelector('.details').innerText"), "the details lack the changelog")
        expect(browser.ask("document.querySelectorAll('g.node.chosen').length") == 1, "the chosen node is not marked")
        self.fits("topology-details")
        browser.click(".details dd a", "KSTREAM-AGGREGATE-0000000001")
        browser.wait("document.querySelector('.details h2')?.textContent.startsWith('KSTREAM-AGGREGATE')", "details of the processor")
        browser.click(".details .close")
        browser.wait("!document.querySelector('.details')", "the details are closed")
        browser.type("main input[type=search]", "alerts")
        browser.wait("document.querySelectorAll('g.node.match').length === 1 && document.querySelectorAll('g.node.dim').length > 5", "one match")
        browser.press("Enter", 13)
        browser.wait("document.activeElement.dataset?.id === 'out risk-alerts'", "the match has the focus")
        browser.press("ArrowLeft" if browser.ask("innerWidth >= 700") else "ArrowUp", 37 if browser.ask("innerWidth >= 700") else 38)
        browser.wait("document.activeElement.classList.contains('sink')", "an arrow moves the focus to the sink")
        browser.press("Enter", 13)
        browser.wait("document.querySelector('.details h2')?.textContent.startsWith('KSTREAM-SINK')", "Enter opens the details")
        browser.click(".details .close")
        browser.type("main input[type=search]", "")

    def tasks(self):
        browser = self.browser
        self.tab("Tasks", "Tasks")
        rows = "[...document.querySelectorAll('main tbody tr[data-key$=false]')].map((e) => e.innerText)"
        browser.wait(f"{rows}.length === 4", "the four tasks")
        for address in (self.address, self.other):
            expect(any(address in row for row in browser.ask(rows)), f"no task runs at {address}")
        self.fits("tasks")
        browser.type("main input[type=search]", f"0_1")
        browser.wait(f"{rows}.length === 1 && {rows}[0].includes('0_1')", "the filter leaves one task")
        browser.type("main input[type=search]", "")
        browser.wait(f"{rows}.length === 4", "all tasks again")

    def stores(self):
        browser = self.browser
        self.tab("Stores", "Stores")
        self.fits("stores")
        browser.click("main tbody a", "risk-store")
        browser.wait(titled("risk-store"), "the store's page")
        keys = "[...document.querySelectorAll('main [aria-live] tbody tr')].map((e) => e.dataset.key.trim())"
        first = browser.wait(f"(() => {{ const k = {keys}; return k.length === 50 && k; }})()", "a page of entries")
        self.fits("store")
        browser.click("#next")
        second = browser.wait(f"(() => {{ const k = {keys}; return k.length === 50 && k[0] !== {json.dumps(first[0])} && k; }})()", "the next page")
        expect(not set(first) & set(second), "two pages have a key in common")
        browser.click("#previous")
        browser.wait(f"{keys}[0] === {json.dumps(first[0])}", "the page before")
        browser.type("#key", "acct-200")
        browser.press("Enter", 13)
        browser.wait(f"{keys}.length === 1 && document.querySelector('main [aria-live]').innerText.includes('0.5')", "the key's value")
        for key in (SCRIPT_KEY, IMAGE_KEY, "..", "a/b?c#d%41"):
            browser.type("#key", key)
            browser.click("main button.primary", "Look up")
            browser.wait(f"(() => {{ const k = {keys}; return k.length === 1 && k[0] === {json.dumps(key)}; }})()", f"the key {key}")
            cell = browser.ask("document.querySelector('main [aria-live] tbody td').textContent")
            expect(cell == key, f"the key {key} is shown as {cell}")
            expect(browser.ask("document.querySelectorAll('main script, main img').length") == 0, f"the key {key} became an element")
            expect(browser.ask("window.hacked") is None, f"the key {key} ran")
        self.fits("store-hostile")
        browser.type("#key", "nobody")
        browser.press("Enter", 13)
        browser.wait("document.querySelector('main .trouble')?.innerText.includes('nothing under the key')", "an absent key")
        # Chromium notes each answer with a status of 400 and more.
        browser.complaints = [text for text in browser.complaints if "/entries/nobody" not in text]
        browser.click("main .buttons button", "Back to all entries")
        browser.wait(f"{keys}.length === 50", "all entries again")
        browser.type("#prefix", "acct-19")
        browser.press("Enter", 13)
        browser.wait(f"{keys}.length === 11 && {keys}.every((k) => k.startsWith('acct-19'))", "keys with a prefix")
        browser.type("#prefix", "")
        browser.press("Enter", 13)
        browser.wait(f"{keys}.length === 50", "all entries at last")

    def errors(self):
        browser = self.browser
        self.tab("Errors", "Errors")
        browser.wait("document.querySelectorAll('.errors li').length === 2", "the two dead letters")
        text = browser.ask("document.querySelector('.errors').innerText")
        for part in ("deserialization", "dead letter in risk-dead", "KSTREAM-SOURCE-0000000000", "risk-events-", SCRIPT_KEY):
            expect(part in text, f"the errors lack {part}: {text}")
        expect(browser.ask("window.hacked") is None, "a key of an error ran")
        browser.click("#letters-read")
        letters = "document.querySelector('.letters')?.innerText ?? ''"
        browser.wait(f"document.querySelectorAll('.letters li').length >= 2 && !document.getElementById('letters-read').disabled", "the dead letters of the topic")
        for part in ("DecodingError", "risk-dead 0:", "no JSON", "from risk-events-", SCRIPT_KEY):
            expect(part in browser.ask(letters), f"the dead letters lack {part}: {browser.ask(letters)}")
        expect(browser.ask("window.hacked") is None, "a key of a dead letter ran")
        self.fits("errors")
        browser.click(".errors a", "KSTREAM-SOURCE-0000000000")
        browser.wait("document.querySelector('.details')?.innerText.includes('2 of the latest')", "the node with its errors")
        browser.click(".details dd a", "2 of the latest")
        browser.wait("document.querySelector('main').innerText.includes('only.')", "the errors of the node")

    def configuration(self):
        browser = self.browser
        self.tab("Configuration", "Configuration")
        row = "document.querySelector('main tr[data-key=\"{}\"]')?.innerText ?? ''"
        browser.wait(f"({row.format('application-id')}).includes('--application-id')", "the application's id and its flag")
        expect("MILLRACE_THREADS" in browser.ask(row.format("threads")), "the threads come from the environment")
        hidden = browser.ask(row.format("kafka.sasl.password"))
        expect("hidden" in hidden and SECRET not in browser.ask("document.documentElement.outerHTML"), "the password is shown")
        self.fits("configuration")
        browser.click("#only-given")
        browser.wait("!document.querySelector('main tr[data-key=\"guarantee\"]') && document.querySelector('main tr[data-key=\"threads\"]')", "only settings that were given")
        browser.click("#only-given")
        browser.wait("document.querySelector('main tr[data-key=\"guarantee\"]')", "all settings")

    def metrics(self):
        browser = self.browser
        self.tab("Metrics", "Metrics")
        browser.wait("document.querySelector('main').innerText.includes('The program has no metrics of its own.')", "no metrics of the program")
        browser.click("#only-program")
        browser.wait("document.querySelector('main').innerText.includes('millrace_end_to_end_latency_seconds')", "the instance's metrics")
        self.fits("metrics")
        browser.type("main input[type=search]", "commit_latency_seconds")
        browser.wait("document.querySelectorAll('main h2').length === 1 && /p99/i.test(document.querySelector('main th:last-child').innerText)", "one histogram")
        browser.wait("/ (ms|s|µs)$/.test(document.querySelector('main td:last-child').innerText.trim())", "its 99th percentile, in units of time")

    def keys(self):
        browser = self.browser
        for key, title in (("1", "Overview"), ("2", "Topology"), ("3", "Tasks"), ("4", "Stores"), ("5", "Indexes"), ("6", "Errors"), ("7", "Configuration"), ("8", "Why?"), ("9", "Metrics")):
            browser.ask("document.activeElement.blur()")
            browser.press(key)
            browser.wait(titled(title), f"the key {key} leads to {title}")
        browser.press("/", 191)
        browser.wait("document.activeElement.type === 'search'", "/ goes to the search")
        browser.ask("document.activeElement.blur()")

    def why(self):
        Why(self.browser, self.fits, self.tab, (self.address, self.other), SCRIPT_KEY).check()

    def indexes(self):
        Indexes(self.browser, self.fits, self.tab).check(self.address, self.cases)

    def large(self):
        """A topology of 2,000 nodes is drawn within seconds and can be searched."""
        browser = self.browser
        browser.answer("/topology", json.dumps(large_topology(2_000)))
        browser.open(f"http://{self.address}/#/topology")
        start = time.monotonic()
        browser.wait("document.querySelectorAll('g.node').length >= 2000", "2,000 nodes", 30)
        drawn = time.monotonic() - start
        expect(drawn < 10, f"2,000 nodes took {drawn:.1f} s")
        browser.type("main input[type=search]", "node-1999")
        browser.wait("document.querySelectorAll('g.node.match').length >= 1", "a match among 2,000 nodes")
        browser.press("Enter", 13)
        browser.wait("document.activeElement.dataset?.id === 'node node-1999'", "the match has the focus")
        longest = browser.ask("""new Promise((done) => { const spans = []; let last = performance.now();
            const timer = setInterval(() => { const now = performance.now(); spans.push(now - last); last = now; }, 10);
            setTimeout(() => { clearInterval(timer); done(Math.max(...spans)); }, 5000); })""")
        expect(longest < 1_000, f"an update with 2,000 nodes held the page for {longest:.0f} ms")
        print(f"  2,000 nodes: drawn within {drawn:.1f} s, an update holds the page for at most {longest:.0f} ms")
        self.fits("large")
        browser.answer_nothing()

    def pictures(self):
        """The pictures of docs/console.md."""
        browser = self.browser
        for name, width, height, scheme, path, text in (
            ("console-overview", 1280, 790, "light", "overview", "Latest errors"),
            ("console-topology", 1280, 640, "dark", "topology/store%20risk-store", "Look into the store"),
            ("console-narrow", 390, 844, "dark", "tasks", "Tasks and standbys"),
        ):
            browser.look(width, height, scheme)
            browser.open(f"http://{self.address}/#/{path}")
            browser.wait(f"document.body.innerText.includes({json.dumps(text)}) && /[1-9]\\/s/.test(document.body.textContent)", name)
            # So that the lines of the figures have some points.
            browser.wait("performance.now() > 15000", name)
            browser.shoot(self.folder / f"{name}.png")

    def tokens(self, address, token):
        browser = self.browser
        browser.open(f"http://{address}/")
        browser.wait("document.getElementById('token-dialog').open", "the page asks for a token")
        # The refusals are what is tested here.
        refusals, browser.complaints = browser.complaints, []
        expect(all("401" in text for text in refusals), f"{refusals}")
        browser.wait("document.activeElement.id === 'token-input'", "the field has the focus")
        browser.call("Input.insertText", text="not-the-right-token")
        browser.press("Enter", 13)
        browser.wait("document.getElementById('problem').innerText.includes('token is not known')", "a wrong token is refused")
        browser.complaints = []
        browser.click("#token-button")
        browser.wait("document.getElementById('token-dialog').open", "the button opens the dialog")
        browser.call("Input.insertText", text=token)
        browser.press("Enter", 13)
        browser.wait("document.querySelector('.tile') && document.getElementById('problem').hidden", "data after the token is given")
        kept = browser.ask("JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href, document.documentElement.outerHTML])")
        expect(token not in kept, "the token is kept outside of the page's memory")
        browser.complaints = []
        browser.open(f"http://{address}/")
        browser.wait("document.getElementById('token-dialog').open", "a reload forgets the token")
        browser.complaints = []

    def loss(self, process):
        browser = self.browser
        browser.open(f"http://{self.address}/")
        self.overview_is_open()
        os.kill(process, signal.SIGKILL)
        browser.wait("[...document.querySelectorAll('main tbody tr')].some((e) => e.innerText.includes('unreachable'))", "the killed instance is shown as unreachable")
        browser.complaints = []

    def overview_is_open(self):
        self.browser.wait("document.querySelectorAll('main tbody tr').length >= 2", "the overview")


def large_topology(count):
    """Sub-topologies of 200 nodes: chains that branch and merge, with stores and topics."""
    subtopologies, size = [], 200
    for first in range(0, count, size):
        nodes = [{"name": f"source-{first}", "kind": "source", "successors": [f"node-{first}"],
                  "topics": [{"name": f"topic-{first}", "isInternal": first > 0}]}]
        for number in range(first, first + size):
            following = [f"node-{n}" for n in {number + 1, number + 1 + number % 7} if n < first + size]
            nodes.append({"name": f"node-{number}", "kind": "processor", "successors": following,
                          "stores": [f"store-{number}"] if number % 10 == 0 else []})
        last = {"name": f"sink-{first}", "kind": "sink", "successors": [],
                "topics": [{"name": f"topic-{first + size}", "isInternal": True}]}
        nodes[-1]["successors"] = [last["name"]]
        subtopologies.append({"id": first // size, "isGlobal": False, "nodes": nodes + [last], "stores": []})
    return {"applicationId": "large", "subtopologies": subtopologies}


def main():
    folder, address, other, process, guarded, token, operator, windows, cases, servers, executable, work = sys.argv[1:]
    folder = Path(folder) if folder else None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("check.py: no chromium on the path; Tools/setup --checks installs it")
    browser, restored = Browser(chromium), Instance(executable, servers, work)
    worker = Worker(str(Path(executable).with_name("millrace")), servers, work)
    try:
        checks = Checks(browser, folder, address, other, cases)
        for width, height in ((1280, 900), (390, 844)):
            for scheme in ("light", "dark"):
                checks.look = f"{width}-{scheme}"
                browser.look(width, height, scheme)
                browser.open(f"http://{address}/")
                for view in (checks.overview, checks.topology, checks.tasks, checks.stores, checks.indexes, checks.errors, checks.why, checks.configuration, checks.metrics, checks.keys):
                    view()
                print(f"  {checks.look}: overview, topology, tasks, stores, indexes, errors, why, configuration, keys")
        if folder:
            checks.pictures()
        browser.look(1280, 900, "light")
        checks.look = "1280-light"
        checks.large()
        States(browser, checks.fits, address, windows).check()
        checks.tokens(guarded, token)
        operating = Operating(browser, checks.fits, guarded, token, operator)
        operating.check()
        Rates(browser, checks.fits, operating, servers, Path(work, "quiet")).check()
        live = Live(browser, checks.fits, address, servers)
        live.letters()
        checks.loss(int(process))
        live.restore(restored)
        Connectors(checks, worker).check()
        known = tuple(f"http://{known}/" for known in (address, guarded, windows, cases, restored.address, *worker.addresses))
        far = [url for url in browser.requests if not url.startswith(known)]
        expect(not far, f"the page asked elsewhere: {far}")
        print("  tokens, a killed instance, no request to elsewhere")
    except CheckFailed as failure:
        if folder:
            browser.shoot(folder / "failed.png")
        sys.exit(f"check.py: {failure}")
    finally:
        browser.close()
        restored.stop()
        worker.stop()


main()
