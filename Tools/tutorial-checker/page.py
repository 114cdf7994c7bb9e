"""Takes pages of documentation apart: their files, commands and outputs.

    page.py PAGE FOLDER      writes the page's files into the folder

A file is a block of code under its name: `NAME` alone on a line. A block of Swift or JSON without a name is an error.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(
    r"(?:^<!-- (?P<directive>[^\n]+?) -->\n|^`(?P<file>[\w./]+)`\n\n)?(?:^```(?P<language>\w*)\n(?P<text>.*?)^```\n)?", re.M | re.S)


class Different(Exception):
    """Something is not as the page says."""


class Page:
    """A page of the project's documentation, with some of its texts replaced."""

    def __init__(self, path, replacements=()):
        self.name = path.name
        self.text = path.read_text()
        for old, new in replacements:
            self.text = re.sub(rf"\b{old}\b", new, self.text)

    def blocks(self):
        """Its blocks of code and directives, each with its line."""
        for block in BLOCK.finditer(self.text):
            if block["directive"] is None and block["text"] is None:
                continue
            place = f"{self.name}:{self.text.count(chr(10), 0, block.start()) + 1}"
            if block["language"] in ("swift", "json") and block["file"] is None:
                raise Different(f"{place}: this block has no file name above it")
            yield place, block


def write(block, folder):
    """Writes the file that a block shows."""
    path = Path(folder, block["file"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block["text"])


def main():
    try:
        for _, block in Page(Path(sys.argv[1])).blocks():
            if block["file"]:
                write(block, sys.argv[2])
    except Different as different:
        sys.exit(str(different))


if __name__ == "__main__":
    main()
