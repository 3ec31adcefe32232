"""The oracle's side of the conversation that docs/oracle.md describes."""

import mmap
import os
import traceback

import numpy as np


class Answerer:
    """Answers the questions that come through a socket, until the other side closes it.

    `subject` has `gives` (what it gives, or None) and computes on float32 arrays `[batch, …]`: `values(x, original)`,
    `outputs(call, x)`, `pull(call, x, gradient)`, `loss(x, original)`.
    """

    def __init__(self, descriptor, subject):
        self.descriptor = descriptor
        self.subject = subject
        self.received = b""
        self.memory = None
        # The first exception of the model, for those who can raise it again.
        self.failure = None

    def run(self):
        line = self._line()
        if line is None:
            return
        words = line.split(" ", 4)
        if words[:2] != ["uae-oracle", "1"] or len(words) != 5:
            raise RuntimeError(f"not the greeting of protocol 1: {line!r}")
        self.shape = tuple(int(size) for size in words[3].split(","))
        self._map(int(words[2]), words[4])
        gives = getattr(self.subject, "gives", None)
        self._send("ready" if gives is None else f"ready {gives}")
        while True:
            line = self._line()
            if line is None:
                return
            try:
                answer = self._answer(line.split(" ", 2))
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:
                self.failure = self.failure or error
                text = traceback.format_exc().encode()
                self._send(f"error {len(text)}", text)
            else:
                self._send(answer)

    def _answer(self, words):
        question = words[0]
        if question == "memory":
            self._map(int(words[1]), words[2])
            return "ok"
        call, batch = int(words[1]), int(words[2])
        shape = (batch, *self.shape)
        x = self._read(0, shape)
        if question == "values":
            return self._give(self.subject.values(x, self._read(1, shape)))
        if question == "outputs":
            answer = self._give(self.subject.outputs(call, x))
            self.output_shape = self.last_shape
            return answer
        if question == "pull":
            gradient = self.subject.pull(call, x, lambda shape: self._read(2, shape))
            self._write(3, np.asarray(gradient, np.float32).reshape(shape))
            return "ok"
        if question == "loss":
            values, gradient = self.subject.loss(x, self._read(1, shape))
            self._write(3, np.asarray(gradient, np.float32).reshape(shape))
            return self._give(values)
        raise ValueError(f"unknown question {question!r}")

    def _give(self, values):
        values = np.asarray(values, np.float32)
        self.last_shape = values.shape
        if values.size > self.capacity:
            return f"room {values.size}"
        self._write(2, values)
        return "ok " + ",".join(str(size) for size in values.shape)

    def _map(self, capacity, path):
        with open(path, "r+b") as file:
            self.memory = np.frombuffer(mmap.mmap(file.fileno(), 16 * capacity), np.float32).reshape(4, capacity)
        self.capacity = capacity

    def _read(self, region, shape):
        return self.memory[region, : int(np.prod(shape))].reshape(shape)

    def _write(self, region, values):
        self.memory[region, : values.size] = values.reshape(-1)

    def _line(self):
        while b"\n" not in self.received:
            more = os.read(self.descriptor, 65536)
            if not more:
                return None
            self.received += more
        line, _, self.received = self.received.partition(b"\n")
        return line.decode()

    def _send(self, line, payload=b""):
        data = line.encode() + b"\n" + payload
        while data:
            data = data[os.write(self.descriptor, data) :]
