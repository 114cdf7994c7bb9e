"""A connection to the broker that is slow until it is let go, so that a verb takes as long as somebody looks at it."""

import socket
import threading

CHUNK = 4096
BYTES_PER_SECOND = 120_000


class SlowConnection:
    """Listens on a free port and passes everything on, what the broker answers only slowly."""

    def __init__(self):
        self.broker = None
        self.bytes_per_second = BYTES_PER_SECOND
        self.is_fast = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def slow_down(self, bytes_per_second=BYTES_PER_SECOND):
        self.bytes_per_second = bytes_per_second
        self.is_fast.clear()

    def let_go(self):
        self.is_fast.set()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            host, port = self.broker.rsplit(":", 1)
            try:
                server = socket.create_connection((host, int(port)))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.forward, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, True), daemon=True).start()

    def forward(self, source, target, is_slow):
        try:
            while data := source.recv(CHUNK):
                target.sendall(data)
                if is_slow and not self.is_fast.is_set():
                    self.is_fast.wait(len(data) / self.bytes_per_second)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
