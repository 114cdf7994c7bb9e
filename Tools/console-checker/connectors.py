"""The page of a worker of connectors: three live processes, one of them without a server, that share sources and a sink."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from browser import CheckFailed

HOSTILE = "<img src=x onerror=\"window.hacked = 1\">.txt"
READER, OPERATOR = "reads-the-connectors-0815", "operates-the-connectors-4711"
LINES = 200
FILES = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]


class Worker:
    """The processes of `millrace connect`. The first two have servers."""

    def __init__(self, executable, servers, work):
        self.executable, self.folder = executable, Path(work, "connect")
        self.input, self.processes, self.addresses = self.folder / "in", [], []
        self.servers = servers

    def start(self):
        self.input.mkdir(parents=True)
        (self.folder / "out").mkdir()
        for name in (*FILES, HOSTILE):
            (self.input / name).touch()
        (self.folder / "held.txt").write_text("".join(f"{number}\n" for number in range(LINES)))
        (self.folder / "tokens").write_text(f"read {READER}\nread,operate {OPERATOR}\n")
        for number in range(3):
            self.begin(number)
        for number in range(2):
            self.addresses.append(self.await_address(number))

    def write_lines(self):
        for name in (*FILES, HOSTILE):
            (self.input / name).write_text("".join(f"{number}\n" for number in range(LINES)))

    def begin(self, number):
        document = {
            "name": "bank", "bootstrapServers": self.servers.split(","), "partCheckInterval": "1s",
            "connectors": {
                "lines": {"type": "file-source", "path": str(self.input), "topic": "connected-lines"},
                "archive": {"type": "file-sink", "topics": ["connected-lines"], "folder": str(self.folder / "out")},
                "held": {"type": "file-source", "path": str(self.folder / "held.txt"), "topic": "connected-held",
                         "pauseAtLag": {"group": "nobody-reads", "records": 100}},
                "nowhere": {"type": "file-source", "path": str(self.folder / "nowhere"), "topic": "connected-held"},
            },
        }
        if number < 2:
            document["server"] = {"listen": "127.0.0.1:0", "addressFile": str(self.folder / f"address-{number}"),
                                  "tokens": str(self.folder / "tokens")}
        file = self.folder / f"connect-{number}.json"
        file.write_text(json.dumps(document))
        with (self.folder / f"connect-{number}.log").open("w") as log:
            self.processes.append(subprocess.Popen([self.executable, "connect", str(file)], stdout=log, stderr=log))

    def await_address(self, number):
        file, deadline = self.folder / f"address-{number}", time.monotonic() + 120
        while not (file.exists() and file.read_text().strip()):
            if self.processes[number].poll() is not None or time.monotonic() > deadline:
                raise CheckFailed(f"a process of connectors does not listen: {(self.folder / f'connect-{number}.log').read_text()[-2000:]}")
            time.sleep(0.02)
        return file.read_text().strip().removeprefix("http://")

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def report(self, number=0):
        request = urllib.request.Request(f"http://{self.addresses[number]}/connectors", headers={"Authorization": f"Bearer {OPERATOR}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def connector(self, name, number=0):
        return next(one for one in self.report(number)["connectors"] if one["name"] == name)

    def wait(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except (urllib.error.URLError, ConnectionError, StopIteration):
                pass
            if time.monotonic() > deadline:
                raise CheckFailed(f"{what}: not within {seconds} s: {self.report()}")
            time.sleep(0.1)


class Connectors:
    def __init__(self, checks, worker):
        self.checks, self.browser, self.fits, self.worker = checks, checks.browser, checks.fits, worker

    def check(self):
        self.worker.start()
        worker = self.worker
        worker.wait(lambda: len(worker.report()["processes"]) == 3 and worker.connector("held")["heldBack"], "three processes")
        # A process counts what it has read itself, so nothing is there to be read before the parts are shared.
        worker.write_lines()
        worker.wait(lambda: sum(task["records"] for task in worker.connector("lines")["tasks"]) > 0, "lines that are read")
        for width, height in ((1600, 1000), (1024, 800), (390, 844)):
            for scheme in ("light", "dark"):
                self.checks.look = f"{width}-{scheme}"
                self.browser.look(width, height, scheme)
                self.open(READER, "May read")
                self.seen()
        self.checks.look = "1024-light"
        self.browser.look(1024, 800, "light")
        self.open(OPERATOR, "May operate")
        self.ordered()
        self.failed()
        self.lossy()
        self.empty()
        self.killed()
        print("  connectors: three processes, pauses and restarts, a failure, rates, a killed process and one that cannot be asked")

    @staticmethod
    def expect(condition, what):
        if not condition:
            raise CheckFailed(what)

    def row(self, heading, key):
        """The row of a table by the text of its first cell, below a heading."""
        return f"""[...[...document.querySelectorAll('h2')].find((e) => e.textContent.startsWith({json.dumps(heading)})).parentElement.querySelectorAll('tr')]
            .find((e) => e.querySelector('td')?.innerText.trim().startsWith({json.dumps(key)}))"""

    def cell(self, heading, key, column):
        return f"{self.row(heading, key)}.querySelector('td[data-label=\"{column}\"]').innerText.trim()"

    def open(self, token, rights):
        browser = self.browser
        browser.open(f"http://{self.worker.addresses[0]}/")
        browser.wait("document.getElementById('token-dialog').open", "the page asks for a token")
        browser.complaints = []
        browser.call("Input.insertText", text=token)
        browser.press("Enter", 13)
        browser.wait(f"document.getElementById('token-button').textContent === {json.dumps(rights)}", f"the button says {rights}")
        browser.wait("document.querySelectorAll('.tile').length === 6 && document.getElementById('problem').hidden", "the tiles")
        browser.complaints = []

    def seen(self):
        browser, worker = self.browser, self.worker
        text = "document.querySelector('main').innerText"
        browser.wait("document.getElementById('application').textContent === 'bank' && document.title === 'Connectors · bank'", "the worker's name")
        self.expect(browser.ask("![...document.querySelectorAll('main button')].length"), "a reader may operate")
        for name in (process["name"] for process in worker.report()["processes"]):
            browser.wait(f"{text}.includes({json.dumps(name)})", f"the process {name}")
        browser.wait(f"{text}.includes('it has no server that others can reach') && {text}.includes('not asked')", "the process without a server")
        browser.wait("[...document.querySelectorAll('.tile')].find((e) => e.innerText.startsWith('Processes')).innerText.includes('1 could not be asked')", "the tile of processes")
        browser.wait(f"{self.cell('All connectors', 'lines', 'State')}.startsWith('RUNNING')", "lines runs")
        browser.wait(f"{self.cell('All connectors', 'held', 'State')}.includes('held back')", "held is held back")
        browser.wait(f"{self.cell('All connectors', 'nowhere', 'State')}.includes('neither a file nor a folder')", "the trouble of nowhere")
        # Each part is shown with its process, or counted as unseen.
        connector = worker.connector("lines")
        self.expect(sorted(connector["parts"]) == sorted([*FILES, HOSTILE]), f"the parts are {connector}")
        unseen = len(connector["parts"]) - len(connector["tasks"])
        browser.wait(f"{text}.includes('{unseen} of 6 parts are not shown')" if unseen else f"!{text}.includes('parts are not shown')", "what is not seen")
        for task in connector["tasks"]:
            browser.wait(f"{self.cell('lines', task['name'], 'Process')} === {json.dumps(task['process'])}", f"the process of {task['name']}")
            browser.wait(f"{self.cell('lines', task['name'], 'Records')} === '{task['records']}'", f"the records of {task['name']}")
        self.expect(browser.ask("document.querySelectorAll('main script, main img').length") == 0 and browser.ask("window.hacked") is None, "a name became an element")
        browser.wait("[...document.querySelectorAll('.tile')].find((e) => e.innerText.startsWith('Rate')).querySelector('polyline') !== null", "a drawn rate")
        self.fits("connectors")
        browser.ask("document.activeElement.blur()")
        browser.press("/", 191)
        browser.wait("document.activeElement.type === 'search'", "/ goes to the search")
        browser.call("Input.insertText", text="archive")
        browser.wait("[...document.querySelectorAll('main section h2')].map((e) => e.firstChild.textContent).join() === 'archive'", "only the tasks of archive")

    def posts(self):
        return [sent for sent in self.browser.sent if sent.startswith("POST ")]

    def order(self, button, shows, confirmed=True):
        browser, before = self.browser, len(self.posts())
        browser.click(f"[id={json.dumps(button)}]")
        browser.wait("document.getElementById('operate-dialog').open && document.activeElement.id === 'operate-close'", "the question, with the focus on Cancel")
        self.fits("connectors-question")
        if not confirmed:
            browser.press("Escape", 27)
            browser.wait(f"document.activeElement.id === {json.dumps(button)}", "the focus is back at the button")
            return self.expect(len(self.posts()) == before, "a cancelled order was sent")
        browser.click("#operate-confirm", times=2)
        browser.wait("document.getElementById('operate-result').innerText.includes('The order is written down')", "the order is done")
        self.expect(len(self.posts()) == before + 1, f"sent {self.posts()[before:]}")
        browser.press("Enter", 13)
        browser.wait(shows, f"{button} is seen")

    def ordered(self):
        """Orders that are pressed here reach every process, and are seen in the other one that can be asked."""
        browser, worker = self.browser, self.worker
        state = lambda: {worker.connector("lines", number)["state"] for number in range(2)}
        self.order("pause lines", "", confirmed=False)
        self.expect(state() == {"RUNNING"}, "a cancelled order was followed")
        self.order("pause lines", f"{self.cell('All connectors', 'lines', 'State')}.startsWith('PAUSED')")
        worker.wait(lambda: state() == {"PAUSED"} and all(task["state"] == "PAUSED" for task in worker.connector("lines", 1)["tasks"]), "all are paused")
        self.fits("connectors-paused")
        task = next(task["name"] for task in worker.connector("lines")["tasks"] if task["name"] in FILES)
        with (self.worker.input / task).open("a") as file:
            file.write("more\n" * 100)
        self.order("resume lines", f"{self.cell('All connectors', 'lines', 'State')}.startsWith('RUNNING')")
        browser.wait(f"{self.cell('lines', task, 'Rate')} !== '0/s' && {self.cell('lines', task, 'Rate')}.endsWith('/s')", "the rate of the task", 40)
        self.order(f"pause lines/{task}", f"{self.cell('lines', task, 'State')}.startsWith('PAUSED')")
        self.expect(state() == {"RUNNING"}, "a task's pause has paused the connector")
        self.order(f"resume lines/{task}", f"{self.cell('lines', task, 'State')}.startsWith('RUNNING')")

    def failed(self):
        """A file that has become shorter is an error that only a restart can end."""
        browser, worker = self.browser, self.worker
        # The one that cannot be asked may have some of them.
        name = next(task["name"] for task in worker.connector("lines")["tasks"] if task["name"] in FILES)
        file = worker.input / name
        whole = file.read_text()
        file.write_text("short\n")
        self.order(f"restart lines/{name}", f"{self.cell('lines', name, 'State')}.startsWith('FAILED')")
        browser.wait(f"document.querySelector('.trouble').innerText.includes('lines/{name}') && document.querySelector('.trouble').innerText.includes('a file may only grow')", "the failure")
        browser.wait(f"{self.cell('All connectors', 'lines', 'State')}.includes(' failed')", "the connector counts it")
        browser.wait("document.querySelector('.tile.bad')?.innerText.includes('1 with failures')", "the tile counts it")
        self.fits("connectors-failed")
        file.write_text(whole)
        self.order(f"restart lines/{name}", f"{self.cell('lines', name, 'State')}.startsWith('RUNNING')")
        browser.wait("document.querySelector('.trouble') === null", "no failure")

    def lossy(self):
        """Figures that files do not have: an answer of a source that may lose records."""
        browser = self.browser
        report = self.worker.report()
        connector = next(one for one in report["connectors"] if one["name"] == "lines")
        connector["tasks"][0] |= {"unread": 12_345, "trimMargin": 67, "losses": 2, "lostRecords": 890}
        browser.answer("/connectors", json.dumps(report))
        name = connector["tasks"][0]["name"]
        for column, value in (("Unread", "12,345"), ("Before a trim", "67"), ("Lost", "890")):
            browser.wait(f"{self.cell('lines', name, column)} === '{value}'", f"{column} of {name}")
        browser.wait("[...document.querySelectorAll('.tile.bad')].some((e) => e.innerText.startsWith('Lost') && e.innerText.includes('890') && e.innerText.includes('2 times'))", "the tile of losses")
        self.fits("connectors-lossy")
        browser.answer_nothing()

    def empty(self):
        browser = self.browser
        browser.answer("/connectors", json.dumps({"complete": False, "connectors": [], "processes": [{"name": "bank-12345678", "isHere": True}]}))
        browser.wait("document.querySelector('main').innerText.includes('The configuration has no connector.')", "no connector")
        browser.wait("document.querySelector('main').innerText.includes('the group has not told the others yet')", "the others are not known yet")
        self.fits("connectors-none")
        browser.answer_nothing()
        browser.wait(self.row("All connectors", "lines"), "the connectors again")

    def killed(self):
        browser, worker = self.browser, self.worker
        worker.processes[1].kill()
        browser.wait(f"document.querySelector('.trouble').innerText.includes({json.dumps(worker.addresses[1])})", "the killed process is named", 40)
        self.expect(browser.ask("document.querySelector('main').innerText.includes('unreachable')"), "the killed process has no state")
        self.fits("connectors-killed")
        # Its tasks go to the others, which is known within the time of a session.
        browser.wait(f"!document.querySelector('main').innerText.includes({json.dumps(worker.addresses[1])})", "the killed process has left", 60)
        worker.processes[0].kill()
        browser.wait("document.getElementById('problem').innerText.includes('does not answer') && document.getElementById('state').textContent === 'unreachable'", "nobody answers")
        if self.checks.folder:
            browser.shoot(self.checks.folder / "connectors-unreachable.png")
        browser.complaints = []
