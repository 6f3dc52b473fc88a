"""A proxy on loopback that stands between a client and a server and can swallow what they say."""

import selectors
import socket
import threading


class TcpProxy:
    """A context manager. In a black hole connections are taken, and nothing is passed on, nor ever lost or closed."""

    def __init__(self, server_port):
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers = {}
        self._passes = threading.Event()
        self._passes.set()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stopping = True
        self._passes.set()
        self._thread.join()
        for each in [self._listener, *self._peers]:
            each.close()
        self._selector.close()

    def black_hole(self, swallows):
        """What was sent meanwhile stays in the sockets, as in a network that drops packets: it may arrive later."""
        if swallows:
            self._passes.clear()
        else:
            self._passes.set()

    def _loop(self):
        while not self._stopping:
            ready = self._selector.select(0.05)
            # The kernel goes on taking connections and bytes, as the peers do not know that nobody is there.
            self._passes.wait()
            for key, _ in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._forward(key.fileobj)

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), timeout=5)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(5)
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, source):
        target = self._peers[source]
        try:
            data = source.recv(1 << 16)
            if data:
                target.sendall(data)
                return
        except OSError:
            pass
        for each in (source, target):
            self._selector.unregister(each)
            del self._peers[each]
            each.close()
