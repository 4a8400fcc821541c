"""Stands for a process that the server forks; without the server, becomes a plain one.

It is given what Python would be: ``-m ipykernel_launcher …`` for a kernel, ``-c …`` for
a worker, ``-m …`` for another program.  Imports little, since it is there to save time.
"""

import json
import os
import signal
import socket
import sys


def asked():
    """The connection to the server, and the fork's number; OSError without one."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link.connect(os.environ.get("TESTS_KERNELS", ""))
    wanted = {"argv": sys.argv[1:], "environ": dict(os.environ)}
    here = os.open(".", os.O_RDONLY)
    socket.send_fds(link, [json.dumps(wanted).encode()], [0, 1, 2, here])
    answer = link.recv(1000).decode()
    if not answer.isdecimal():
        raise OSError(answer or "the server has ended")
    return link, int(answer)


def stand_for(link, fork):
    """Hand on signals, to it and its children, and end as it ends."""

    def hand_on(number, frame):
        os.killpg(fork, number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    status = int(link.recv(100) or 1)
    if status < 0:
        if -status != signal.SIGKILL:  # which nobody can handle
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def plain(why):
    """Become a plain process, and leave a note of it."""
    place = os.environ.get("TESTS_KERNELS", "")
    if os.access(place, os.F_OK):
        notes = os.open(f"{place}.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(notes, f"plain: {why}\n".encode())
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


if __name__ == "__main__":
    try:
        found = asked()
    except OSError as error:
        plain(error)
    stand_for(*found)
