"""A load of keep-alive connections from one process: raw sockets, so that the client costs little."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came back: how many a second, how long they took, which statuses."""

    per_second: float
    times: list[float]
    statuses: dict[int, int] = field(default_factory=dict)
    last: bytes = b""

    @property
    def p50(self) -> float:
        """Median time of one request, in milliseconds."""
        return statistics.median(self.times) * 1000


def request(method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """One request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(
    port: int, requests: Iterator[bytes], *, clients: int = 8, seconds: float = 0, most: int = 0
) -> Load:
    """Keep `clients` connections busy for so many seconds, or until so many requests were answered."""
    poll, last = selectors.DefaultSelector(), b""
    times: list[float] = []
    statuses: dict[int, int] = {}
    began = time.perf_counter()
    for number in range(clients):
        _next(poll, _connect(port, number), requests, port)
    while poll.get_map():
        for key, _events in poll.select(timeout=30) or _silent():
            state = key.data
            chunk = key.fileobj.recv(262_144)  # type: ignore[union-attr]
            state["got"] += chunk
            if not _complete(state["got"]) and chunk:
                continue
            now = time.perf_counter()
            times.append(now - state["sent"])
            status, last = (int(state["got"][9:12]) if state["got"] else 0), state["got"]
            statuses[status] = statuses.get(status, 0) + 1
            poll.unregister(key.fileobj)
            over = (seconds and now - began >= seconds) or (most and len(times) + len(poll.get_map()) >= most)
            if over:
                key.fileobj.close()  # type: ignore[union-attr]
            else:
                _next(poll, key.fileobj, requests, port)  # type: ignore[arg-type]
    return Load(len(times) / (time.perf_counter() - began), times, statuses, last)


def _connect(port: int, number: int = 0) -> socket.socket:
    """Each connection comes from an address of its own, as residents do."""
    made = socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.1.{1 + number}", 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _next(poll: selectors.BaseSelector, made: socket.socket, requests: Iterator[bytes], port: int) -> None:
    try:
        payload = next(requests)
    except StopIteration:
        made.close()
        return
    try:
        made.sendall(payload)
    except OSError:  # the server closed an idle connection
        made = _connect(port)
        made.sendall(payload)
    poll.register(made, selectors.EVENT_READ, {"got": b"", "sent": time.perf_counter()})


def _complete(got: bytes) -> bool:
    head, found, body = got.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
        if line.startswith(b"transfer-encoding:") and b"chunked" in line:
            return body.endswith(b"0\r\n\r\n")
    return True


def _silent() -> list[tuple[selectors.SelectorKey, int]]:
    raise SystemExit("the server did not answer within 30 seconds")
