"""Watches a real restore from its beginning to its end, and pages through all dead letters of a topic."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from browser import CheckFailed

ROWS = "[...document.querySelectorAll('main tr')].filter((e) => e.querySelector('progress'))"
PAGE_SIZE = 20


class Instance:
    """An instance of the risk score that is started and stopped here."""

    def __init__(self, executable, servers, folder):
        self.address, self.folder, self.process = None, Path(folder), None
        self.arguments = [executable, "--application-id", "restored", "--bootstrap-servers", servers, "--listen", "127.0.0.1:0",
                          "--state-dir", str(self.folder / "state-restored"), "--deserialization-errors", "continue"]

    def start(self, *more):
        log = self.folder / "restored.log"
        with log.open("w") as output:
            self.process = subprocess.Popen([*self.arguments, *more], stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while "address=http://" not in log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise CheckFailed(f"the instance does not listen: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        self.address = log.read_text().split("address=http://")[1].split()[0]

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def work(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/tasks", timeout=20) as answer:
                return json.load(answer)["instances"][0]
        except (urllib.error.URLError, ConnectionError):
            return {"processedRecords": 0, "lag": 0, "tasks": []}


class Live:
    def __init__(self, browser, fits, address, servers):
        self.browser, self.fits, self.address, self.servers = browser, fits, address, servers

    def expect(self, condition, what):
        if not condition:
            raise CheckFailed(what)

    # A restore

    def restore(self, instance):
        """An instance whose local state was deleted restores its store from a long changelog, while the page looks on."""
        self.fill(instance)
        before = len(self.in_topic(self.changelog, range(4)))
        shutil.rmtree(instance.folder / "state-restored")
        # Each fetch brings one batch of a partition, so that the restore takes a while.
        instance.start("--kafka", "fetch.message.max.bytes=1")
        try:
            self.watch(instance, before)
        finally:
            instance.stop()

    changelog = "restored-risk-store-changelog"
    accounts = 40_000

    def fill(self, instance):
        """Lets the instance process many accounts, so that its changelog is long however it is compacted."""
        # Nobody else writes meanwhile.
        (instance.folder / "quiet").touch()
        instance.start()
        known = self.idle(instance, 0)
        instance.stop()
        producer = Producer({"bootstrap.servers": self.servers, "partitioner": "murmur2_random", "queue.buffering.max.messages": 200_000})
        for number in range(self.accounts):
            producer.produce("risk-events", key=f"long-{number}", value=json.dumps({"account": "a", "score": 0.5, "timestampMs": 1_600_000_000_000}))
            producer.poll(0)
        self.expect(producer.flush(60) == 0, "records could not be sent")
        self.expect(known > 0, "the instance has not processed what was there")
        # Each change is a batch of its own, since a fetch brings whole batches.
        instance.start("--kafka", "batch.num.messages=1")
        self.idle(instance, self.accounts)
        instance.stop()

    def idle(self, instance, records):
        """Waits until the instance has processed everything, this many records at least; returns how many."""
        deadline, last = time.monotonic() + 180, None
        while True:
            work = instance.work()
            now = work["processedRecords"]
            if len(work["tasks"]) == 4 and work["lag"] == 0 and now >= max(1, records) and now == last:
                return now
            last = now
            self.expect(time.monotonic() < deadline, f"the instance has processed {now} records and lacks {work['lag']}")
            time.sleep(1)

    def watch(self, instance, records):
        browser, text = self.browser, "document.querySelector('main').innerText"
        browser.open(f"http://{instance.address}/")
        shown = f"{ROWS}.map((e) => [e.cells[0].textContent, Number(e.cells[4].textContent.replaceAll(',', '')), e.querySelector('progress').position])"
        browser.wait(f"{ROWS}.length > 0", "a restore in progress", 60)
        self.fits("restoring")
        browser.press("2")
        browser.wait("/^[0-9.,K]+ missing$/.test(document.querySelector('g.node.store .figure')?.textContent)", "missing records at the store")
        browser.press("3")
        browser.wait("[...document.querySelectorAll('main tbody .badge')].some((e) => e.textContent === 'restoring')", "a restoring task")
        browser.press("1")
        browser.wait(f"{ROWS}.length > 0", "the restore is still in progress")
        seen = []
        while rows := browser.ask(shown):
            self.expect(all(store == "risk-store" and 0 <= position < 1 for store, _, position in rows), f"restores are shown as {rows}")
            missing = sum(missing for _, missing, _ in rows)
            if not seen or seen[-1] != missing:
                seen.append(missing)
            time.sleep(0.05)
        self.expect(len(seen) >= 2 and seen == sorted(seen, reverse=True), f"the missing records do not fall: {seen}")
        # What is missing is counted in offsets, of which transactions and records that were compacted away have some, too.
        offsets = self.offset_count(self.changelog, range(4))
        self.expect(0 < seen[-1] < seen[0] <= offsets, f"of {offsets} offsets there were missing {seen}")
        browser.wait(f"{text}.includes('None: all stores are complete.')", "the end of the restore")
        browser.wait("document.querySelector('main tbody tr .badge')?.textContent === 'running'", "the restored instance runs", 60)
        browser.press("3")
        browser.wait("document.querySelector('h1')?.textContent === 'Tasks'", "the tasks")
        restored = browser.ask("[...document.querySelectorAll('main tbody tr[data-key$=false] td[data-label=Restored]')].reduce((sum, e) => sum + Number(e.textContent.replaceAll(',', '')), 0)")
        # The broker may compact the changelog meanwhile.
        after = len(self.in_topic(self.changelog, range(4)))
        self.expect(after <= restored <= records, f"the page shows {restored} restored records, and the changelog had {records}, then {after}")
        print(f"  a restore of {restored:,} records: {len(seen)} moments of it, from {seen[0]:,} missing to {seen[-1]:,}, and its end")

    # Dead letters

    def letters(self):
        """Pages through the topic by clicks: each letter once, the newest first, and back again."""
        browser, expected = self.browser, self.in_topic("risk-dead")
        self.expect(len(expected) > 2 * PAGE_SIZE, f"risk-dead has only {len(expected)} records")
        browser.open(f"http://{self.address}/#/errors")
        browser.click("#letters-read")
        shown = "[...document.querySelectorAll('.letters li')].map((e) => [e.querySelector('.code').textContent, e.querySelector('.message').textContent, e.querySelector('pre').textContent])"
        ready = "!document.getElementById('letters-read').disabled && document.querySelectorAll('.letters li').length > 0"
        browser.wait(ready, "the newest letters")
        pages = [browser.ask(shown)]
        while not browser.ask("document.getElementById('letters-older').disabled"):
            number = len(pages) + 1
            browser.click("#letters-older")
            browser.wait(f"{ready} && document.querySelector('section[aria-labelledby=letters-title]').innerText.includes('page {number},')", f"page {number} of the letters")
            pages.append(browser.ask(shown))
            self.expect(number < 200, "the pages have no end")
        self.fits("letters")
        self.expect(all(len(page) == PAGE_SIZE for page in pages[:-1]) and 0 < len(pages[-1]) <= PAGE_SIZE, f"the pages have {[len(page) for page in pages]} letters")
        offsets = [int(place.rpartition(":")[2]) for page in pages for place, _, _ in page]
        self.expect(offsets == sorted(expected, reverse=True), f"the pages show {len(offsets)} letters, {len(set(offsets))} different ones, of {len(expected)}")
        for page in pages:
            for place, message, value in page:
                self.expect(value == expected[int(place.rpartition(":")[2])].decode() and message, f"the letter {place} is shown as {value}: {message}")
        browser.click("#letters-newer")
        browser.wait(f"{ready} && JSON.stringify({shown}) === {json.dumps(json.dumps(pages[-2], separators=(',', ':'), ensure_ascii=False))}", "the page before")
        browser.click("#letters-read", "Read the newest")
        browser.wait(f"{ready} && {shown}[0][0] === {json.dumps(pages[0][0][0])} && document.getElementById('letters-newer').disabled", "the newest letters again")
        print(f"  {len(expected)} dead letters on {len(pages)} pages, each once")

    def offset_count(self, topic, partitions):
        """The number of all offsets of a topic's partitions."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": "console-checks"})
        ends = [consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30) for partition in partitions]
        consumer.close()
        return sum(end - start for start, end in ends)

    def in_topic(self, topic, partitions=(0,)):
        """The values of a topic's committed records by offset; by partition and offset if it has several."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": "console-checks", "isolation.level": "read_committed",
                             "enable.auto.commit": False, "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        found, ends = {}, set()
        while len(ends) < len(partitions):
            message = consumer.poll(30)
            self.expect(message is not None, f"{topic} cannot be read")
            if message.error():
                ends.add(message.partition())
            else:
                place = message.offset() if len(partitions) == 1 else (message.partition(), message.offset())
                found[place] = message.value()
        consumer.close()
        return found
