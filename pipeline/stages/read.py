"""From bytes to a typed run, or the reason why not. Any bytes at all give one or the other.

All of the document is checked here, so that nothing breaks late: invalid UTF-8, lone surrogates
and NaN would otherwise be found by Arrow or by the provider. Imports `records` and api's `Run`.
"""

import json

import msgspec

from pipeline.api.runs import Run
from pipeline.records import RejectCode, Rejected

__all__ = ["read_run", "rejected_decoding"]

_DECODER = msgspec.json.Decoder(Run)


class _NonFiniteError(ValueError):
    pass


def read_run(data: bytes, max_bytes: int) -> Run | Rejected:
    """The run of one JSON document of at most `max_bytes`. Its Raw fields are views into `data`."""
    if len(data) > max_bytes:
        return _rejected("too_large", f"{len(data):,} bytes, source.max_run_bytes is {max_bytes:,}")
    try:
        run = _DECODER.decode(data)
        data.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return rejected_decoding(data, error)
    if not run.id:
        return _rejected("not_a_run", "the document's `id` is empty")
    return run


def rejected_decoding(data: bytes, error: Exception) -> Rejected:
    """Why a document could not be decoded, told from the error and a second look."""
    match error:
        case UnicodeDecodeError():
            return _rejected("invalid_utf8", f"byte {error.start} is not UTF-8 ({error.reason})")
        case RecursionError():
            return _rejected("too_deep", "the document is nested too deeply to be read")
        case _:
            return _look_again(data, str(error))


def _look_again(data: bytes, said: str) -> Rejected:
    """Tell what msgspec does not: which constant, which escape."""
    try:
        text = data.decode()
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        return _rejected("invalid_utf8", f"byte {error.start} is not UTF-8 ({error.reason})")
    except UnicodeEncodeError:
        return _rejected("lone_surrogate", "a string holds half of a surrogate pair (\\ud800..)")
    except _NonFiniteError as error:
        return _rejected("non_finite_number", f"{error} is no JSON number")
    except RecursionError:
        return _rejected("too_deep", "the document is nested too deeply to be read")
    except json.JSONDecodeError as error:
        return _rejected("not_json", f"{error.msg} at character {error.pos}")
    except ValueError as error:
        return _rejected("not_json", str(error))
    return _rejected("not_a_run", said.replace("`$", "`run"))


def _refuse_constant(word: str) -> float:
    raise _NonFiniteError(word)


def _finite(word: str) -> float:
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise _NonFiniteError(word)
    return number


def _rejected(code: RejectCode, detail: str) -> Rejected:
    return Rejected("pull", code, detail)
