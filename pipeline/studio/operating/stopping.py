"""How a server ends: those who are being answered have a while, then it is over for certain.

A thread that builds cannot be cancelled, so at the end of the while the process ends as a kill
would end it. Nothing that was acknowledged is lost by that: the next server ends the broken build
and goes on with the jobs.
"""

import logging
import os
import sys
import threading

__all__ = ["Ending"]

_LOG = logging.getLogger("trainset.studio")
_SIGNALLED = 128


class Ending:
    """The end of this process; made where the process is the server's own."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        """How long the requests that run have."""
        self._signal = 0
        self._slack = 3.0

    def signalled(self, number: int) -> None:
        """A signal came: the first begins the end, a second one is the end."""
        if self._signal:
            self._end("a second signal")
        self._signal = number

    def begin(self) -> None:
        """From now on the time runs."""
        said = f"{self.seconds} seconds after the signal requests were still running"
        timer = threading.Timer(self.seconds + self._slack, self._end, (said,))
        timer.daemon = True
        timer.start()

    def _end(self, why: str) -> None:
        _LOG.warning("ended at once (%s): the next server finishes what was begun", why)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_SIGNALLED + self._signal)
