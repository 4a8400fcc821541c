"""Ports for kernels that nothing else can take before the kernel does.

Jupyter asks the system for a free port, gives it back, and tells the kernel to open it.
In the second between, any connection of any other process may be given the same port,
and the kernel is then waited for in vain.  Here ports come from below those that the
system deals out, and processes that test at the same time do not choose the same.
"""

import errno
import random
import socket
import sys
from pathlib import Path

from jupyter_client.connect import LocalPortCache

DEALT = Path("/proc/sys/net/ipv4/ip_local_port_range")  # the system's own, from … to
LOWEST = 10_000  # services of all kinds lie below


class Reserved(LocalPortCache):
    """Jupyter's record of ports in use, kept against other processes as well."""

    def __init__(self, **given):
        super().__init__(**given)
        self.signs = {}

    def find_available_port(self, ip):
        """A port at which nobody listens, and which no other of our processes has."""
        below = int(DEALT.read_text(encoding="utf-8").split()[0])
        for port in random.SystemRandom().sample(range(LOWEST, below), below - LOWEST):
            if sign := taken(port, ip):
                self.signs[port] = sign
                self.currently_used_ports.add(port)
                return port
        raise OSError(errno.EADDRINUSE, f"no port from {LOWEST} to {below} is free")

    def return_port(self, port):
        super().return_port(port)
        if sign := self.signs.pop(port, None):
            sign.close()


def taken(port, ip):
    """An open socket that stands for ``port``, or None if it is in use already."""
    sign = socket.socket(socket.AF_UNIX)
    try:
        # A name that one process can have at a time, and that ends with it.
        sign.bind(f"\0d2lmini-port-{port}")
        with socket.socket() as tried:
            tried.bind((ip, port))
    except OSError:
        sign.close()
        return None
    return sign


def reserve():
    """Give all kernels that this process starts such ports, where Linux is."""
    if (
        sys.platform == "linux"
        and int(DEALT.read_text(encoding="utf-8").split()[0]) > 2 * LOWEST
    ):
        Reserved.instance()  # is LocalPortCache's as well
