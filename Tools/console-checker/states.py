"""Checks states that need other data: windows and sessions of a live instance, and restores of a task and a standby at once."""

import json
import urllib.request

from browser import CheckFailed


class States:
    def __init__(self, browser, fits, address, windows):
        self.browser, self.fits, self.address, self.windows_address = browser, fits, address, windows

    def check(self):
        self.windows()
        self.restores()
        print("  windows and sessions by key and page, restores of a task and a standby")

    def expect(self, condition, what):
        if not condition:
            raise CheckFailed(what)

    def windows(self):
        browser = self.browser
        rows = "[...document.querySelectorAll('main [aria-live] tbody tr')]"
        for store, entries in (("bursts", 5), ("sprees", 1)):
            browser.open(f"http://{self.windows_address}/#/stores/{store}")
            browser.wait("document.getElementById('key')", f"the store {store}")
            browser.wait(f"{rows}.length === 50", f"a page of {store}")
            first = browser.ask(f"{rows}.map((e) => e.dataset.key)")
            browser.click("#next")
            second = browser.wait(f"(() => {{ const k = {rows}.map((e) => e.dataset.key); return k.length === 50 && k[0] !== {json.dumps(first[0])} && k; }})()", f"the next page of {store}")
            self.expect(not set(first) & set(second), f"two pages of {store} have an entry in common")
            browser.type("#key", "acct-1")
            browser.press("Enter", 13)
            browser.wait(f"{rows}.length > 0 && {rows}.every((e) => e.querySelector('td').textContent === 'acct-1')", f"the entries of acct-1 in {store}")
            found = browser.ask(f"{rows}.map((e) => e.querySelector('td[data-label=Window]').textContent)")
            self.expect(len(found) == len(set(found)) == entries and all(text.startswith("2020-09-13 ") for text in found),
                        f"acct-1 has in {store}: {found}")
            self.expect(all((" – " in text) == (store == "sprees") for text in found), f"a session has an end, a window of this store only a start: {found}")
            self.fits(f"store-{store}")

    def restores(self):
        """A task and a standby at once, in an answer that is changed; live.py has a real restore."""
        browser = self.browser
        with urllib.request.urlopen(f"http://{self.address}/tasks", timeout=20) as answer:
            work = json.load(answer)
        task = work["instances"][0]["tasks"][0]
        task["state"] = "restoring"
        task["stores"] = [{"name": "risk-store", "currentOffset": 250, "endOffset": 1_000, "missingRecords": 750}]
        standby = json.loads(json.dumps(task)) | {"id": "0_9", "isStandby": True, "state": "standby"}
        work["instances"][0]["tasks"].append(standby)
        browser.answer("/tasks", json.dumps(work))
        browser.open(f"http://{self.address}/")
        rows = "[...document.querySelectorAll('main tr')].filter((e) => e.querySelector('progress'))"
        browser.wait(f"{rows}.length === 2", "two restores")
        for row, whose in zip(browser.ask(f"{rows}.map((e) => e.innerText)"), ("the task", "a standby")):
            self.expect("750" in row and whose in row, f"a restore of {whose} is shown as {row}")
        self.expect(browser.ask(f"{rows}[0].querySelector('progress').position") == 0.25, "a quarter is restored")
        self.fits("restores")
        browser.press("2")
        browser.wait("document.querySelector('g.node.store .figure')?.textContent === '750 missing'", "missing records at the store")
        browser.press("3")
        browser.wait("[...document.querySelectorAll('main tbody .badge')].some((e) => e.textContent === 'restoring')", "the restoring task")
        browser.answer_nothing()
