"""The texts that the demo searches, with their vectors: the descriptions of Debian's packages, or the case notes of the repository."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "embeddings"))

import numpy

import case_notes


class Packages:
    """Packages, whose embeddings and those of all questions the sentence model computes."""

    kind = "packages"
    questions = [
        "stitch photographs to a panorama", "play chess against the computer", "find out who uses the network",
        "learn the names of the stars", "write music for an orchestra",
    ]
    other = "teaches parrots to juggle burning torches on a unicycle"

    def __init__(self, count):
        # Neither is needed for the case notes, nor installed.
        from model import SentenceModel
        from packages import embed_packages, read_packages

        found = read_packages(count)
        self.names = [name for name, _ in found]
        self.texts = [text for _, text in found]
        self.vectors = embed_packages(self.texts)
        self._model = SentenceModel()

    def vector(self, text: str) -> numpy.ndarray:
        return self._model.embed([text])[0]


class CaseNotes:
    """The notes of Tests/TopologyTests/CaseNotes. Only the events beside them, whose vectors are there, too, can be asked for."""

    kind = "case notes"

    def __init__(self):
        self.names = [f"note-{number}" for number in range(len(case_notes.read("notes")))]
        self.texts = [text for _, _, text in case_notes.read("notes")]
        self.vectors = self._vectors("notes")
        events = [text for _, _, text in case_notes.read("events")]
        self._by_text = dict(zip(events, self._vectors("events"), strict=True))
        *self.questions, self.other = events[:6]

    @staticmethod
    def _vectors(name: str) -> numpy.ndarray:
        return numpy.array(case_notes.vectors(name), dtype=numpy.float32)

    def vector(self, text: str) -> numpy.ndarray:
        return self._by_text[text]
