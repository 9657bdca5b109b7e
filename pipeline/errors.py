"""The exceptions of the house; every one carries a sentence for a person and an exit code.

Bad data is never an exception here (it is a `records.Rejected`); these are for a broken world.

    TrainsetError
    ├── UsageError            wrong flags or a wrong spec                       exit 2
    ├── GateRefused           a quality gate said no; the build is kept         exit 3
    ├── PermanentError        trying again changes nothing                      exit 4
    │   ├── NotFound          the other side has no such thing
    │   ├── AuthRefused       the key or the token is not accepted
    │   ├── Conflict          the thing is in a state that forbids the call
    │   └── SourceUnreadable  an input file is missing, empty or not readable
    ├── IntegrityError        bytes or counts are not what they were said to be exit 5
    └── TransientError        the same call may succeed later                   exit 75
        ├── Unreachable       no answer, or a broken connection, to the end of the retries
        ├── RateLimited       still asked to wait after the retries
        ├── Busy              another build holds the work-dir
        └── NoSpace           the disk is full
"""

from typing import ClassVar

__all__ = [
    "AuthRefused",
    "Busy",
    "Conflict",
    "GateRefused",
    "IntegrityError",
    "NoSpace",
    "NotFound",
    "PermanentError",
    "RateLimited",
    "SourceUnreadable",
    "TrainsetError",
    "TransientError",
    "Unreachable",
    "UsageError",
]


class TrainsetError(Exception):
    """What went wrong, where, and what to do, in one sentence."""

    exit_code: ClassVar[int] = 1


class UsageError(TrainsetError):
    """The command line or the spec is wrong; nothing was done."""

    exit_code = 2


class GateRefused(TrainsetError):
    """The dataset does not pass a quality gate of its spec; it is not published."""

    exit_code = 3


class PermanentError(TrainsetError):
    """Trying again changes nothing."""

    exit_code = 4


class NotFound(PermanentError):
    """The other side has no such thing, or it belongs to another project."""


class AuthRefused(PermanentError):
    """The key or the token is not accepted."""


class Conflict(PermanentError):
    """The thing is in a state that forbids the call."""


class SourceUnreadable(PermanentError):
    """An input is missing, empty, or cannot be read."""


class IntegrityError(TrainsetError):
    """Bytes or counts are not what they were said to be."""

    exit_code = 5


class TransientError(TrainsetError):
    """The same call may succeed later. The only class that is ever retried."""

    exit_code = 75


class Unreachable(TransientError):
    """No answer, or a broken connection, to the end of the retries."""


class RateLimited(TransientError):
    """Still asked to wait when the retries were used up."""


class Busy(TransientError):
    """Another build holds the work-dir."""


class NoSpace(TransientError):
    """The disk is full; what was finished before is kept."""
