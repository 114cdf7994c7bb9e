"""Prints what holds and what does not."""
import sys


class Checks:
    def __init__(self, client):
        self.client = client
        self.passed = self.failed = 0

    def expect(self, what, holds):
        print("%s %s: %s" % ("OK  " if holds else "FAIL", self.client, what), flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed += 1

    def end(self):
        sys.exit(1 if self.failed or not self.passed else 0)
