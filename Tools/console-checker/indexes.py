"""Looks at the indexes: the live instance's, which has none, and answers about several with every state; searches by a key."""

import json

from browser import CheckFailed

HOSTILE = "<img src=x onerror=\"window.hacked = 1\">"


def figures(**others):
    return {"entryCount": 1_204_311, "segmentCount": 7, "deadCount": 40_120, "tailCount": 812, "sizeInBytes": 2_400_000_000,
            "isComplete": True, "recall": 0.9731, "searchCount": 4_000, "searchSeconds": 2.0} | others


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

    def check(self, address):
        browser, text = self.browser, "document.querySelector('main').innerText"
        self.tab("Indexes", "Indexes")
        browser.wait(f"{text}.includes('No store of the topology has an index.')", "no index")
        self.fits("indexes-none")
        browser.answer("/indexes", json.dumps(CATALOGUE))
        rows = "[...document.querySelectorAll('main tbody tr')]"
        browser.wait(f"{rows}.length === 4", "the indexes")
        row = lambda name, column: browser.ask(f"document.querySelector('main tr[data-key=\"{name}\"] td[data-label=\"{column}\"]').innerText.trim()")
        for name, column, expected in (
            ("similar", "State", "complete"), ("similar", "Entries", "1,204,311"), ("similar", "Segments", "7"),
            ("similar", "Size", "2.2 GiB"), ("similar", "Recall", "97.3 %"), ("similar", "Mean time", "0.50 ms"),
            ("words", "Kind", "words, global"),
        ):
            self.expect(row(name, column) == expected, f"{column} of {name} is {row(name, column)}, not {expected}")
        self.expect("51,300 entries read" in row("being-made", "State"), f"what is being made anew is {row('being-made', 'State')}")
        self.expect("the checksum of the section" in row("closed", "State"), f"what is closed is {row('closed', 'State')}")
        self.expect("Without the figures of 127.0.0.1:9999" in browser.ask(text), "the silent instance is not named")
        self.fits("indexes")
        self.search(rows)
        browser.answer_nothing()
        browser.open(f"http://{address}/")
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
