"""Drives headless Chromium through the DevTools protocol: real clicks and keys, and questions to the page."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from websockets.sync.client import connect


class CheckFailed(Exception):
    """Something in the page is not as it should be."""


class Browser:
    """One page of a Chromium of its own."""

    def __init__(self, executable: str):
        self._profile = tempfile.mkdtemp(prefix="console-checks-")
        self._process = subprocess.Popen(
            [
                executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
                f"--user-data-dir={self._profile}", "--remote-debugging-port=0", "about:blank",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._socket = connect(self._page_address(), max_size=None, compression=None, ping_interval=None)
        except BaseException:
            self.close()
            raise
        self._next = 0
        self.complaints = []
        self.requests = []
        self.sent = []
        # Each request with its moment, in seconds since 1970.
        self.moments = []
        self.answers = {}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _page_address(self) -> str:
        file = Path(self._profile, "DevToolsActivePort")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise CheckFailed(f"Chromium has ended with {self._process.returncode}")
            if file.exists() and file.read_text().count("\n") >= 1:
                port = file.read_text().split("\n")[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                    pages = [target for target in json.load(answer) if target["type"] == "page"]
                if pages:
                    return pages[0]["webSocketDebuggerUrl"]
            time.sleep(0.05)
        raise CheckFailed("Chromium did not start in time")

    def close(self):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    # The protocol

    def call(self, method: str, **parameters):
        self._next += 1
        number = self._next
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == number:
                if "error" in message:
                    raise CheckFailed(f"{method}: {message['error']['message']}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
            self.moments.append((parameters["wallTime"], parameters["request"]["url"]))
            self.sent.append(f"{parameters['request']['method']} {parameters['request']['url']}")
        elif method == "Fetch.requestPaused":
            self._next += 1
            url = parameters["request"]["url"]
            body = next(body for path, body in self.answers.items() if url.endswith(path))
            self._socket.send(json.dumps({
                "id": self._next, "method": "Fetch.fulfillRequest", "params": {
                    "requestId": parameters["requestId"], "responseCode": 200,
                    "responseHeaders": [{"name": "Content-Type", "value": "application/json"}],
                    "body": base64.b64encode(body.encode()).decode(),
                }}))

    # The page

    def open(self, address: str):
        """Loads a page anew, even if it is the one that is open."""
        self.call("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'", "an empty page")
        self.call("Page.navigate", url=address)
        self.wait("location.href !== 'about:blank' && document.readyState !== 'loading'", "the page")

    def answer(self, path: str, body: str):
        """Answers requests whose address ends with a path, instead of the server."""
        self.answers[path] = body
        self.call("Fetch.enable", patterns=[{"urlPattern": f"*{path}"} for path in self.answers])

    def answer_nothing(self):
        self.answers = {}
        self.call("Fetch.disable")

    def look(self, width: int, height: int, scheme: str):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def ask(self, expression: str):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise CheckFailed(f"{expression}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def wait(self, expression: str, what: str, seconds: float = 20):
        deadline, error = time.monotonic() + seconds, ""
        while True:
            try:
                # An element of the page counts as true; its value would be empty.
                value = self.ask(f"(() => {{ const found = {expression}; return found instanceof Node || found; }})()")
                if value:
                    return value
                error = ""
            except CheckFailed as failure:
                # The page does not have yet what the expression looks into.
                error = str(failure)
            if time.monotonic() > deadline:
                text = self.ask("document.body.innerText.slice(0, 3000)")
                raise CheckFailed(f"{what}: not within {seconds} s. {expression}\n{error}\nThe page has:\n{text}\n{self.complaints}")
            time.sleep(0.05)

    def click(self, selector: str, text: str | None = None, times: int = 1):
        """Clicks the middle of the first element, or of the first with a text, with the mouse, once or twice in a row."""
        find = (f"[...document.querySelectorAll({json.dumps(selector)})]"
                f".find((e) => {json.dumps(text)} === null || e.textContent.trim() === {json.dumps(text)})")
        self.wait(f"Boolean({find})", f"something to click: {selector} {text or ''}")
        place = self.ask(f"""(() => {{
            const e = {find}; e.scrollIntoView({{ block: "center", inline: "center" }});
            const box = e.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()""")
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=count)

    def type(self, selector: str, text: str):
        """Replaces what a field has by typing."""
        self.click(selector)
        self.ask(f"document.querySelector({json.dumps(selector)}).select()")
        if text:
            self.call("Input.insertText", text=text)
        else:
            self.press("Backspace", 8)

    def press(self, key: str, code: int = 0):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code or ord(key[0]), **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code or ord(key[0]))

    def shoot(self, path: Path):
        image = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(image["data"]))
