"""Asks the page why: from the field, from an entry of a store and from a dead letter, with the mouse and with the keyboard."""

import json

from browser import CheckFailed

VERDICT = "document.querySelector('.verdict')?.innerText ?? ''"
STEPS = "[...document.querySelectorAll('.way li')].map((e) => e.innerText)"


class Why:
    def __init__(self, browser, fits, tab, owners, script_key):
        self.browser, self.fits, self.tab, self.owners, self.script_key = browser, fits, tab, owners, script_key

    def check(self):
        self.typed()
        self.refused()
        self.linked_from_store()
        self.linked_from_letter()

    def expect(self, condition, what):
        if not condition:
            raise CheckFailed(what)

    def fact(self, name):
        return self.browser.ask(f"[...document.querySelectorAll('.facts-grid div')].find((e) => e.querySelector('dt').textContent === {json.dumps(name)})?.querySelector('dd').innerText")

    def row(self, heading):
        """The cells of the first row of the table under a heading."""
        return self.browser.ask(f"""(() => {{ const title = [...document.querySelectorAll('main h2')].find((e) => e.textContent === {json.dumps(heading)});
            return [...title.nextElementSibling.querySelectorAll('tbody tr:first-child td')].map((e) => e.textContent); }})()""")

    def explained(self, key):
        self.browser.wait(f"document.querySelector('.facts-grid dd .code')?.textContent === {json.dumps(key)} && document.querySelector('[aria-busy=false] .verdict') !== null", f"why {key}")
        self.harmless(key)

    def harmless(self, key):
        self.expect(self.browser.ask("document.querySelectorAll('main script, main img').length") == 0, f"the key {key} became an element")
        self.expect(self.browser.ask("window.hacked") is None, f"the key {key} ran")

    def typed(self):
        """With the keyboard alone: a digit leads to the view, a slash to the field, Enter asks."""
        browser = self.browser
        browser.ask("document.activeElement.blur()")
        browser.press("8")
        browser.wait("document.querySelector('h1')?.textContent === 'Why?'", "the key 8 leads to Why?")
        browser.press("/", 191)
        browser.wait("document.activeElement.id === 'why-key'", "/ goes to the field of the key")
        browser.call("Input.insertText", text="acct-200")
        browser.press("Enter", 13)
        self.explained("acct-200")
        self.expect(browser.ask("document.activeElement.id") == "why-key", "the focus has left the field")
        # The data's events of an account change its score and give one result each.
        self.expect("produced" in browser.ask(VERDICT) and "produced 1 result" in browser.ask(VERDICT), browser.ask(VERDICT))
        place = self.fact("Partition and task")
        number = place.split(",")[0].removeprefix("risk-events-")
        self.expect(place == f"risk-events-{number}, task 0_{number}", f"the partition is {place}")
        self.expect(self.fact("Owner") in self.owners and self.fact("Paused") == "no", f"owner {self.fact('Owner')}, paused {self.fact('Paused')}")
        steps = browser.ask(STEPS)
        self.expect(len(steps) >= 3 and steps[0].startswith("KSTREAM-SOURCE-0000000000"), f"the way is {steps}")
        result = self.row("What it produced")
        self.expect(result[0].startswith("risk-scores-") and result[1] == "acct-200" and result[2] == "0.5", f"the result is {result}")
        change = self.row("What it changed")
        self.expect(change[0] == "risk-store" and change[2] == "acct-200", f"the change is {change}")
        self.expect(browser.ask("location.hash").startswith("#/why/acct-200/"), "the address lacks the key")
        self.fits("why")
        browser.type("#why-key", "nobody")
        browser.click("main button.primary", "Explain")
        self.explained("nobody")
        self.expect("has no record of the key" in browser.ask(VERDICT), browser.ask(VERDICT))
        self.fits("why-nobody")

    def refused(self):
        browser = self.browser
        browser.type("#why-partition", "77")
        browser.press("Enter", 13)
        browser.wait("document.querySelector('main .trouble')?.innerText === 'risk-events has no partition 77'", "the refusal")
        self.expect(browser.ask("document.querySelector('.verdict') === null"), "an old answer stands beside the refusal")
        # Chromium notes each answer with a status of 400 and more.
        browser.complaints = [text for text in browser.complaints if "/explain?" not in text]

    def linked_from_store(self):
        browser = self.browser
        browser.ask("location.hash = '#/stores/risk-store'")
        browser.wait("document.getElementById('key')", "the store's page")
        browser.type("#key", self.script_key)
        browser.press("Enter", 13)
        browser.wait(f"(() => {{ const k = [...document.querySelectorAll('main [aria-live] tbody td[data-label=Key]')]; return k.length === 1 && k[0].textContent === {json.dumps(self.script_key)}; }})()", "the entry of the hostile key")
        browser.click("main [aria-live] a.why", "Why?")
        browser.wait("document.querySelector('h1')?.textContent === 'Why?'", "the link leads to Why?")
        self.explained(self.script_key)
        self.expect(browser.ask("document.getElementById('why-key').value") == self.script_key, "the field lacks the key")
        # The last record of the key is no JSON, which the handler sends to the topic of dead letters.
        verdict = browser.ask(VERDICT)
        self.expect("produced no result" in verdict and "the handler sent the record to risk-dead" in verdict, verdict)
        self.expect(self.text_below("What it produced") == "No results.", f"a result of no JSON: {self.text_below('What it produced')}")
        self.expect("DecodingError" in browser.ask(STEPS)[-1], f"the way ends without the error: {browser.ask(STEPS)}")
        self.fits("why-hostile")

    def text_below(self, heading):
        return self.browser.ask(f"[...document.querySelectorAll('main h2')].find((e) => e.textContent === {json.dumps(heading)}).nextElementSibling.innerText")

    def linked_from_letter(self):
        browser = self.browser
        self.tab("Errors", "Errors")
        browser.click("#letters-read")
        browser.wait("document.querySelectorAll('.letters li').length >= 2 && !document.getElementById('letters-read').disabled", "the dead letters")
        browser.wait("document.querySelectorAll('.letters a.why').length >= 2", "a link beside each letter")
        names = browser.ask("[...document.querySelectorAll('.letters a.why')].map((e) => e.getAttribute('aria-label'))")
        self.expect(f"Why? {self.script_key}" in names and "Why? acct-1" in names, f"the links are called {names}")
        browser.ask("[...document.querySelectorAll('.letters a.why')].find((e) => e.getAttribute('aria-label') === 'Why? acct-1').focus()")
        browser.press("Enter", 13)
        self.explained("acct-1")
        self.harmless("acct-1")
        self.fits("why-letter")
