"""However `jingwei serve` ends, nothing of it runs on and its port is free; and no port is served twice."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.faults.running import TOP, City, Server, serving, until

pytestmark = pytest.mark.faults


@pytest.fixture
def terminal() -> Iterator[None]:
    """The losing of a terminal counts, also where the tests themselves were started with `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def kill_both(server: Server) -> None:
    """Who watches and who looks after the web processes, in one moment."""
    for pid in (server.master(), server.living.process.pid):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda server: server.living.process.send_signal(signal.SIGHUP), id="terminal closed"),
        pytest.param(lambda server: server.living.process.send_signal(signal.SIGTERM), id="told to end"),
        pytest.param(lambda server: server.living.process.kill(), id="killed"),
        pytest.param(kill_both, id="killed with the master"),
    ],
)
def test_all_end_with_serve(city: City, end: Callable[[Server], None]) -> None:
    with serving(city) as server:
        assert server.worker_process()
        assert server.web_processes()
        end(server)
        until(lambda: server.living.process.poll() is not None, within=30, what_for="serve ends")
        until(lambda: not server.living.members, within=30, what_for="everything else ends")
        # a thread of who was killed may still be closing what it held when the process counts as dead
        until(lambda: is_free(server.port), within=10, what_for="the port is free")


def is_free(port: int) -> bool:
    """Can it be bound, as the next server will want to?"""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_a_port_is_not_served_twice(city: City) -> None:
    with serving(city, worker=False) as server:
        before = server.living.members
        done = subprocess.run(
            [sys.executable, "-m", "jingwei.cli", "serve", "--port", str(server.port)],
            cwd=TOP, env=city.environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            f"CommandError: Port {server.port} is in use. Choose another: --port {server.port + 1},"
            f" or with make: PORT={server.port + 1}"
        ]
        assert server.living.members == before
