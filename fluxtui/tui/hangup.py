"""Ending with the terminal, also where nobody sends SIGHUP.

A terminal that goes away without being this process's controlling one (a lost container console) leaves
Textual's writer blocked and its reader spinning on the dead end. And whether SIGHUP is ignored is inherited:
what was started by something that ignores it (nohup, some supervisors) would outlive being hung up on.
Nothing is lost by ending: the run has a process of its own, unsaved edits are drafts on disk.
"""

import contextlib
import os
import select
import signal
import sys
import threading


def watch_terminal() -> None:
    """End this process once its terminal is gone, or it is sent SIGHUP. Does nothing where standard input is none."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor):
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the kernel ends it, whatever it is doing
            threading.Thread(target=_wait, args=(descriptor,), name="terminal's end", daemon=True).start()


def _wait(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # nothing but the end is asked for: what is typed is Textual's
    while True:
        events = poll.poll()
        if not events or events[0][1] & select.POLLNVAL:
            return  # closed by ourselves, or a system that cannot watch terminals this way
        if events[0][1] & (select.POLLHUP | select.POLLERR):
            break
    os._exit(128 + signal.SIGHUP)  # the main thread may wait for the terminal for ever
