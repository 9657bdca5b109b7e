from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.client import RetryPolicy
from pipeline.client.retry import Tries, told_wait
from pipeline.client.wire import Answer

REFUSED_QUOTA = {"x-ratelimit-reason": "quota", "retry-after": "1"}
PACED = {"x-ratelimit-reason": "pacing", "x-ratelimit-retry-ms": "5"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-retry-ms": "250"}, 0.25),
        ({"x-ratelimit-retry-ms": "250", "retry-after": "9"}, 0.25),
        ({"x-ratelimit-retry-ms": "", "retry-after": "9"}, 9.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": ""}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert told_wait(headers) == seconds


def test_a_date_to_come_is_a_wait() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    wait = told_wait({"retry-after": moment})
    assert wait is not None
    assert 85 < wait <= 90


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-retry-ms"]), st.text()))
def test_no_header_breaks_the_wait_or_makes_it_negative(headers: dict[str, str]) -> None:
    wait = told_wait(headers)
    assert wait is None or wait >= 0
    assert 0 <= RetryPolicy().wait(headers, 1) <= RetryPolicy().longest + RetryPolicy().base


@given(st.integers(min_value=0, max_value=10_000))
def test_a_wait_of_our_own_is_never_above_its_cap(failures: int) -> None:
    policy = RetryPolicy()
    assert 0 <= policy.backoff(failures) <= policy.cap


@given(
    st.lists(
        st.one_of(
            st.builds(
                Answer,
                st.sampled_from([429, 500, 502, 503, 504]),
                st.sampled_from([{}, PACED, REFUSED_QUOTA, JSON]),
                st.just(b""),
            ),
            st.builds(httpx2.ReadError, st.just("broken")),
        ),
        min_size=60,
        max_size=60,
    )
)
def test_every_sequence_of_faults_comes_to_an_end(outcomes: list[Any]) -> None:
    policy = RetryPolicy()
    tries = Tries(policy, "safe")
    waits = 0
    for outcome in outcomes:
        if tries.wait_after(outcome) is None:
            break
        waits += 1
    assert waits < policy.attempts + policy.pacings


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 500, 501])
def test_a_considered_answer_is_the_last_word(status: int) -> None:
    assert Tries(RetryPolicy(), "safe").wait_after(Answer(status, JSON, b"{}")) is None


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(503, JSON, b"{}"),
        Answer(502, {"content-type": "text/html"}, b"<html>"),
        Answer(429, {}, b""),
        Answer(429, REFUSED_QUOTA, b""),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("gone"),
    ],
)
def test_what_may_have_been_carried_out_is_not_sent_again(outcome: Any) -> None:
    assert Tries(RetryPolicy(), "never").wait_after(outcome) is None


@pytest.mark.parametrize("outcome", [Answer(429, PACED, b""), httpx2.ConnectError("refused")])
def test_what_was_surely_not_carried_out_is_sent_again_whatever_it_is(outcome: Any) -> None:
    assert Tries(RetryPolicy(), "never").wait_after(outcome) is not None


def test_a_wait_beyond_the_total_ends_the_call() -> None:
    tries = Tries(RetryPolicy(total=1.0), "safe")
    assert tries.wait_after(Answer(503, {"retry-after": "50"}, b"")) is None
