"""Operates two live instances from the page: what is pressed there is really done, once, and only with the right to operate."""

import json
import urllib.error
import urllib.request

from browser import CheckFailed


class Operating:
    def __init__(self, browser, fits, address, reader, operator):
        self.browser, self.fits, self.address, self.reader, self.operator = browser, fits, address, reader, operator

    def check(self):
        self.refused()
        self.use(self.operator, "May operate")
        self.cancelled()
        self.paused()
        self.subtopology()
        self.threads()
        print("  operating: refused to a reader, cancelled, paused and resumed, one sub-topology, a thread more and less")

    # What the instances say

    def ask(self, path, token, method="GET"):
        request = urllib.request.Request(f"http://{self.address}{path}", method=method, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def instances(self):
        status, answer = self.ask("/tasks", self.operator)
        self.expect(status == 200, f"/tasks has status {status}")
        return answer["instances"]

    @staticmethod
    def expect(condition, what):
        if not condition:
            raise CheckFailed(what)

    def posts(self):
        return [sent for sent in self.browser.sent if sent.startswith("POST ")]

    # The checks

    def use(self, token, shown):
        browser = self.browser
        browser.click("#token-button")
        browser.wait("document.getElementById('token-dialog').open", "the dialog of the token")
        browser.call("Input.insertText", text=token)
        browser.press("Enter", 13)
        browser.wait(f"document.getElementById('token-button').textContent === {json.dumps(shown)}", f"the button says {shown}")
        browser.wait("document.querySelectorAll('.tile').length > 3 && document.getElementById('problem').hidden", "the overview")

    def refused(self):
        browser = self.browser
        browser.open(f"http://{self.address}/")
        browser.wait("document.getElementById('token-dialog').open", "the page asks for a token")
        browser.press("Escape", 27)
        browser.complaints = []
        self.use(self.reader, "May read")
        browser.complaints = []
        self.expect(browser.ask("document.querySelector('#pause-application, #pause-0') === null"), "a reader may press Pause")
        browser.press("3")
        browser.wait("document.querySelector('h1')?.textContent === 'Tasks'", "the tasks")
        self.expect(browser.ask("![...document.querySelectorAll('button')].some((e) => /thread/.test(e.textContent))"), "a reader may add a thread")
        for path in ("/pause", "/resume", "/threads/add", "/threads/remove"):
            status, answer = self.ask(path, self.reader, "POST")
            self.expect(status == 403 and answer["code"] == "forbidden", f"a reader's {path} has status {status}")
        browser.press("1")
        browser.wait("document.querySelector('h1')?.textContent === 'Overview'", "the overview")

    def open_dialog(self, selector, text=None, times=1):
        self.browser.click(selector, text, times)
        self.browser.wait("document.getElementById('operate-dialog').open", "the question")
        if times == 1:
            self.expect(self.browser.ask("document.activeElement.id === 'operate-close'"), "the focus is not on Cancel")

    def confirmed(self, done, times=1):
        """Confirms, and waits for a result of each instance."""
        browser = self.browser
        before = len(self.posts())
        browser.click("#operate-confirm", times=times)
        browser.wait(f"document.querySelectorAll('#operate-result li.good').length === {done}", f"{done} instances have done it")
        browser.wait("document.activeElement.id === 'operate-close' && document.getElementById('operate-confirm').hidden", "the results can be closed")
        self.expect(len(self.posts()) == before + 1, f"sent {self.posts()[before:]}")
        self.fits("operated")
        browser.press("Enter", 13)
        browser.wait("!document.getElementById('operate-dialog').open", "the dialog is closed")

    def cancelled(self):
        browser = self.browser
        before = len(self.posts())
        browser.wait("document.getElementById('pause-application')", "the button Pause")
        browser.ask("document.getElementById('pause-application').focus()")
        browser.press("Enter", 13)
        browser.wait("document.getElementById('operate-dialog').open", "the keyboard opens the question")
        self.fits("operate")
        browser.press("Escape", 27)
        browser.wait("!document.getElementById('operate-dialog').open", "Escape closes the question")
        browser.wait("document.activeElement.id === 'pause-application'", "the focus is back at the button")
        # The second click of a double click neither confirms nor cancels.
        self.open_dialog("#pause-application", times=2)
        browser.click("#operate-close")
        browser.wait("!document.getElementById('operate-dialog').open", "Cancel closes the question")
        self.expect(len(self.posts()) == before, f"a cancelled question was sent: {self.posts()[before:]}")
        self.expect(not any(instance["paused"] for instance in self.instances()), "a cancelled question has paused")

    def paused(self):
        browser = self.browser
        self.open_dialog("#pause-application")
        self.confirmed(2, times=2)
        banner = "document.getElementById('paused')"
        browser.wait(f"!{banner}.hidden && {banner}.innerText.includes('The application is paused: it processes no records')", "the banner")
        instances = self.instances()
        self.expect(len(instances) == 2 and all(instance["paused"] for instance in instances), f"not paused: {instances}")
        # The lag grows, here and in the page.
        lag = "Number(/([\\d,]+) records wait/.exec(document.querySelector('.tile').innerText)?.[1].replaceAll(',', ''))"
        first = browser.wait(f"{lag} > 0 && {lag}", "a lag above zero")
        browser.wait(f"{lag} > {first}", "the lag grows")
        done = sum(instance["processedRecords"] for instance in self.instances())
        self.fits("paused")
        browser.press("2")
        browser.wait("/^lag (?!0 s)[0-9.]+ /.test(document.querySelector('g.node.source .lag')?.textContent)", "the lag at the source in seconds")
        browser.wait("[...document.querySelectorAll('section h2 .badge')].some((e) => e.textContent === 'paused')", "the badge of the sub-topology")
        self.fits("paused-topology")
        browser.wait("document.querySelector('g.node.late .lag')?.textContent.includes('↗')", "the growing trend at the source", 40)
        self.expect(sum(instance["processedRecords"] for instance in self.instances()) == done, "a paused application has processed records")
        browser.press("8")
        browser.wait("document.getElementById('why-key')", "the view Why?")
        browser.type("#why-key", "acct-1")
        browser.press("Enter", 13)
        browser.wait("/sub-topology 0 is paused on 127\\.0\\.0\\.1:\\d+$/.test(document.querySelector('.verdict')?.innerText)", "why nothing goes on")
        self.expect("is not processed yet" in browser.ask("document.querySelector('.verdict').innerText"), "a record that waits is shown as processed")
        self.fits("why-paused")
        browser.press("Tab", 9)
        browser.ask("document.activeElement.blur()")
        browser.press("2")
        self.open_dialog("#resume-application")
        self.confirmed(2)
        browser.wait(f"{banner}.hidden", "no banner any more")
        self.expect(not any(instance["paused"] for instance in self.instances()), "not resumed")
        # A dialog that is still open takes the key.
        browser.wait("!document.querySelector('dialog[open]')", "the end of the dialog")
        browser.ask("document.activeElement.blur()")
        browser.press("1")
        browser.wait(f"document.querySelector('.tile') && {lag} < {first}", "the lag is worked off", 40)
        self.expect(sum(instance["processedRecords"] for instance in self.instances()) > done, "a resumed application processes nothing")

    def subtopology(self):
        browser = self.browser
        browser.press("2")
        self.open_dialog("#pause-0")
        self.confirmed(2)
        browser.wait("document.querySelector('#subtopology-0 .badge')?.textContent === 'paused'", "the sub-topology's badge")
        self.expect(all(instance["pausedSubtopologies"] == [0] for instance in self.instances()), "the sub-topology is not paused")
        self.open_dialog("#resume-0")
        self.confirmed(2)
        browser.wait("!document.querySelector('#subtopology-0 .badge')", "no badge any more")
        self.expect(all(instance["pausedSubtopologies"] == [] for instance in self.instances()), "the sub-topology is not resumed")

    def threads(self):
        browser = self.browser
        browser.press("3")
        row = f"[...document.querySelectorAll('.results li')].find((e) => e.textContent.startsWith({json.dumps(self.address)}))"
        browser.wait(f"{row}?.querySelectorAll('button').length === 1", "one thread, which cannot be removed")
        self.fits("threads")
        self.open_dialog(".results button", "Add a thread")
        self.confirmed(1)
        browser.wait(f"[...document.querySelectorAll('main table')][0].innerText.split({json.dumps(self.address)}).length - 1 === 2", "two threads of the instance")
        here = next(instance for instance in self.instances() if instance["isHere"])
        self.expect(len(here["threads"]) == 2, f"the instance has {here['threads']}")
        self.open_dialog(".results button", "Remove a thread")
        self.confirmed(1)
        browser.wait(f"{row}?.querySelectorAll('button').length === 1", "one thread again")
        here = next(instance for instance in self.instances() if instance["isHere"])
        self.expect(len(here["threads"]) == 1, f"the instance has {here['threads']}")
