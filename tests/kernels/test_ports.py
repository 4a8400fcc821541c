"""A port that a kernel was told to open is nobody else's until the kernel has ended."""

import socket
import sys

import pytest
from jupyter_client.connect import LocalPortCache
from jupyter_client.manager import KernelManager

from tests.kernels import ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports of Linux alone")
HERE = "127.0.0.1"


def test_kernels_of_jupyter_have_them():
    assert type(LocalPortCache.instance()) is ports.Reserved
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    try:
        first = int(ports.DEALT.read_text(encoding="utf-8").split()[0])
        kept = LocalPortCache.instance().signs
        assert manager.shell_port in kept and manager.hb_port in kept
        assert ports.LOWEST <= manager.shell_port < first
    finally:
        manager.shutdown_kernel(now=True)
    assert manager.shell_port not in kept


def test_two_processes_do_not_choose_the_same():
    one, other = ports.Reserved(), ports.Reserved()
    port = one.find_available_port(HERE)
    assert ports.taken(port, HERE) is None
    assert other.find_available_port(HERE) != port
    one.return_port(port)
    ports.taken(port, HERE).close()


def test_a_port_in_use_is_left_out():
    cache = ports.Reserved()
    port = cache.find_available_port(HERE)
    cache.return_port(port)
    with socket.create_server((HERE, port)):
        assert ports.taken(port, HERE) is None
    ports.taken(port, HERE).close()
