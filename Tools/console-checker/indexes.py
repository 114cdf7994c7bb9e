"""Looks at the indexes: of an instance that has none, of one that remembers cases, and answers about several with every state."""

import json
import urllib.request

from browser import CheckFailed

HOSTILE = "<img src=x onerror=\"window.hacked = 1\">"


def figures(**others):
    return {"entryCount": 1_204_311, "segmentCount": 7, "deadCount": 40_120, "tailCount": 812, "sizeInBytes": 2_400_000_000,
            "isComplete": True, "recall": 0.9731, "searchCount": 4_000, "searchSeconds": 2.0, "searchP99Seconds": 0.0021} | others


def index(name, **others):
    return {"name": name, "store": "cases", "kind": "vectors (384, cosine, float32; city text)", "isGlobal": False, "isSearchable": True,
            "dimensions": 384, "metric": "cosine", "element": "float32", "attributes": [{"name": "city", "kind": "text"}],
            "total": figures(), "missingPartitions": [], "partitions": []} | others


CATALOGUE = {
    "indexes": [
        index("similar", partitions=[
            figures(id=0, location="here", instance="127.0.0.1:8080"),
            figures(id=0, location="standby", instance="127.0.0.1:8081", recall=None, searchCount=0, searchSeconds=0),
        ], missingPartitions=[1]),
        index("being-made", total=figures(isComplete=False, rebuiltCount=51_300)),
        index("closed", total=figures(isComplete=False, problem="damaged: the checksum of the section graphRows is wrong")),
        index("unwritten", total=figures(fileProblem="/var/lib/risk/log-7: cannot write: No space left on device")),
        index("words", isSearchable=False, kind="words", isGlobal=True),
    ], "unreachable": ["127.0.0.1:9999"],
}
CATALOGUE["indexes"][0]["partitions"][1].pop("recall")

MATCHES = {
    "matches": [
        {"key": "case-4", "value": {"city": "Berlin", "embedding": [0.125] * 384}, "score": 0.9375},
        {"key": HOSTILE, "value": {"city": HOSTILE}, "score": 0.5},
    ], "isComplete": False, "isIndexComplete": False, "position": "events-0@1",
}


class Indexes:
    def __init__(self, browser, fits, tab):
        self.browser, self.fits, self.tab = browser, fits, tab

    def expect(self, condition, what):
        if not condition:
            raise CheckFailed(what)

    def check(self, address, cases):
        self.states(address)
        self.live(cases)
        self.browser.open(f"http://{address}/")

    def states(self, address):
        browser, text = self.browser, "document.querySelector('main').innerText"
        self.tab("Indexes", "Indexes")
        browser.wait(f"{text}.includes('No store of the topology has an index.')", "no index")
        self.fits("indexes-none")
        browser.answer("/indexes", json.dumps(CATALOGUE))
        rows = "[...document.querySelectorAll('main tbody tr')]"
        browser.wait(f"{rows}.length === 5", "the indexes")
        row = lambda name, column: browser.ask(f"document.querySelector('main tr[data-key=\"{name}\"] td[data-label=\"{column}\"]').innerText.trim()")
        for name, column, expected in (
            ("similar", "State", "complete"), ("similar", "Entries", "1,204,311"), ("similar", "Segments", "7"),
            ("similar", "Size", "2.2 GiB"), ("similar", "Recall", "97.3 %"), ("similar", "Mean time", "0.50 ms"), ("similar", "p99", "2.10 ms"),
            ("words", "Kind", "words, global"),
        ):
            self.expect(row(name, column) == expected, f"{column} of {name} is {row(name, column)}, not {expected}")
        self.expect("51,300 entries read" in row("being-made", "State"), f"what is being made anew is {row('being-made', 'State')}")
        self.expect("the checksum of the section" in row("closed", "State"), f"what is closed is {row('closed', 'State')}")
        unwritten = row("unwritten", "State")
        self.expect(all(part in unwritten for part in ("complete", "in memory only", "No space left on device")), f"what cannot be written is {unwritten}")
        self.expect("Without the figures of 127.0.0.1:9999" in browser.ask(text), "the silent instance is not named")
        self.fits("indexes")
        self.search(rows)
        browser.answer_nothing()
        browser.complaints = [complaint for complaint in browser.complaints if "/search" not in complaint]

    def search(self, rows):
        browser, matches = self.browser, "[...document.querySelectorAll('main [aria-live] tbody tr')]"
        browser.click("main tbody a", "similar")
        browser.wait("[...document.querySelectorAll('h1')].some((e) => e.textContent.includes('similar'))", "the index's page")
        browser.wait(f"{rows}.length === 2 && document.querySelector('main').innerText.includes('partitions 1.')", "its partitions")
        browser.answer("/indexes/similar/search", json.dumps(MATCHES))
        browser.ask("document.activeElement.blur()")
        browser.press("/", 191)
        browser.wait("document.activeElement.id === 'example'", "/ goes to the field of the key")
        browser.call("Input.insertText", text="case-17")
        browser.click("#exact")
        browser.ask("document.getElementById('example').focus()")
        browser.press("Enter", 13)
        browser.wait(f"{matches}.length === 2", "the matches")
        self.expect(any(sent.startswith("POST ") and sent.endswith("/indexes/similar/search") for sent in browser.sent), "nothing was searched")
        found = browser.ask(f"{matches}.map((e) => e.innerText)")
        self.expect("case-4" in found[0] and "0.9375" in found[0] and "384 numbers" in found[0], f"the first match is {found[0]}")
        self.expect("made anew" in browser.ask("document.querySelector('main').innerText"), "the page does not say that the index is incomplete")
        self.expect(browser.ask("document.querySelectorAll('main script, main img').length") == 0 and browser.ask("window.hacked") is None, "a key became an element")
        self.fits("index")
        browser.click("main [aria-live] button", "case-4")
        browser.wait("document.getElementById('example').value === 'case-4'", "a match is the next example")

    def live(self, address):
        """The index of a case memory: its figures and what a search finds are what the instance answers."""
        browser = self.browser

        def ask(path, body=None):
            request = urllib.request.Request(
                f"http://{address}{path}", body and json.dumps(body).encode(), {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)

        browser.open(f"http://{address}/#/indexes")
        cell = lambda column: f"document.querySelector('main tr[data-key=\"similar-cases\"] td[data-label=\"{column}\"]')?.innerText.trim()"
        browser.wait(f"{cell('State')} === 'complete' && {cell('Entries')} === '200'", "the index of 200 cases")
        self.expect(browser.ask(cell("Store")) == "case-store" and "global" in browser.ask(cell("Kind")), "the index is not that of the cases")
        expected = ask("/indexes/similar-cases/search", {"key": "travel-1", "count": 10})["matches"]
        browser.wait(f"/^[1-9]/.test({cell('Searches')}) && [{cell('Mean time')}, {cell('p99')}].every((t) => /^[0-9.,]+ ms$/.test(t))", "the times of searches")
        total = ask("/indexes")["indexes"][0]["total"]
        self.expect(total["isComplete"] and total["entryCount"] == 200 and total["searchCount"] > 0, f"the instance answers {total}")
        ms = 1_000 * total["searchP99Seconds"]
        browser.wait(f"{cell('p99')} === '{ms:{'.2f' if ms < 10 else ',.0f'}} ms'", "the 99th percentile")
        self.fits("indexes-live")
        # The name may take two lines, and then its middle is beside the link.
        browser.ask("document.querySelector('main tr[data-key=\"similar-cases\"] a').click()")
        browser.wait("document.getElementById('example') !== null", "the field of the key")
        browser.type("#example", "travel-1")
        browser.press("Enter", 13)
        found = "[...document.querySelectorAll('main [aria-live] tbody tr')].map((e) => [e.dataset.key.trim(), e.querySelector('td[data-label=Score]').innerText.trim()])"
        wanted = [[match["key"], f"{match['score']:.4f}"] for match in expected]
        browser.wait(f"JSON.stringify({found}) === JSON.stringify({json.dumps(wanted)})", f"the matches {wanted}")
        browser.wait("document.querySelector('main').innerText.includes('384 numbers')", "the vectors are shortened")
        self.fits("index-live")
