"""The main job against a Studio that fails: the same dataset and one job, or a clear error.

One Studio with one session for all pulls; what is handed over has a session of its own each time.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.api.sessions import TrainingSession
from pipeline.build import BuildResult, build_dataset
from pipeline.build.publishing.publish import publish_dataset, start_training
from pipeline.build.pulling.sessions import fill_session
from pipeline.build.pulling.studio_source import StudioSource
from pipeline.client import Limits, RetryPolicy, StudioClient
from pipeline.errors import (
    AuthRefused,
    IntegrityError,
    PermanentError,
    RateLimited,
    TrainsetError,
    Unreachable,
)
from pipeline.spec import BuildSpec, GateSpec, load_spec
from pipeline.studio.faults import FaultPlan
from pipeline.testing import QUICK, LocalStudio

Script = Mapping[str, Sequence[str]]

COUNT = 260
"""Three pages of a list, and three fetches."""
THINGS = ("lamp", "sofa", "carpet", "mirror", "shelf", "kettle", "curtain")


def document(number: int) -> dict[str, Any]:
    thing = THINGS[number % len(THINGS)]
    return {
        "id": f"{number * 7919 % 100_000:024x}",
        "status": "completed",
        "finish_reason": "stop",
        "interaction": {"id": "1" * 24, "name": "Ask", "version": 1},
        "prompt": [{"role": "user", "content": f"Where is the {thing} of {number**5}, please?"}],
        "result": f"The {thing} is at {number**3 * 104_729}.",
        "updated_at": f"2026-03-01T11:{number % 60:02d}:00.000Z",
    }


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStudio]:
    with LocalStudio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture(scope="module")
def session(studio: LocalStudio) -> TrainingSession:
    return studio.session_of([document(number) for number in range(COUNT)])


def spec_in(folder: Path) -> BuildSpec:
    overrides = {"run.work_dir": str(folder), "run.workers": 1}
    return load_spec(None, environ={}, overrides=overrides)


def met(plan: FaultPlan) -> None:
    assert plan.exhausted, plan.left


def build(client: StudioClient, session: TrainingSession, folder: Path) -> BuildResult:
    return build_dataset(spec_in(folder), source=StudioSource(client, session))


def files_of(result: BuildResult) -> dict[str, bytes]:
    """Every file of the dataset, its manifest too."""
    paths = sorted(path for path in result.dataset.rglob("*") if path.is_file())
    return {str(path.relative_to(result.dataset)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def calm(
    studio: LocalStudio, session: TrainingSession, tmp_path_factory: pytest.TempPathFactory
) -> BuildResult:
    """The build without a fault."""
    return build(studio.client, session, tmp_path_factory.mktemp("calm"))


@pytest.mark.parametrize(
    "script",
    [
        {"runs.list": ["503", "reset", "slow:0.1"]},
        {"runs.list": ["502:html", "500:html", "cut:900", "504"]},
        {"runs.list": ["429:pacing:5", "429", "503:after:0.01", "lost"]},
        {"runs.list": ["ok", "shift"]},
        {"runs.list": ["shift:99", "shift:-7"]},
        {"runs.list": ["ok", "repeat"]},
        {"runs.list": ["ok", "ok", "repeat", "repeat"]},
        {"runs.list": ["ok", "ok", "ok"], "training.get": ["reset", "cut:10", "503"]},
        {"runs.find": ["503", "reset", "cut:4000", "lost", "slow:0.1", "429:pacing:5"]},
        {"runs.find": ["garbage", "garbage"]},
        {"runs.find": ["500"]},
        {"runs.find": ["404"], "runs.get": ["503", "reset", "502:html", "cut:20", "429:pacing:5"]},
        {"runs.find": ["403"], "runs.get": ["slow:0.1"] * 8},
        {"runs.find": ["401", "ok", "401"]},
        {"token.issue": ["expire", "expire:1", "503", "reset", "cut:3", "expire:2", "expire:3"]},
    ],
    ids=str,
)
def test_the_dataset_is_the_same_byte_for_byte(
    studio: LocalStudio,
    session: TrainingSession,
    calm: BuildResult,
    script: Script,
    tmp_path: Path,
) -> None:
    with studio.faults(script) as plan, studio.connect() as client:
        stormy = build(client, session, tmp_path)
    met(plan)
    assert stormy.build_id == calm.build_id
    assert files_of(stormy) == files_of(calm)


def test_a_bomb_in_the_place_of_runs_is_not_held_and_does_not_stop_the_pull(
    studio: LocalStudio, session: TrainingSession, calm: BuildResult, tmp_path: Path
) -> None:
    with (
        studio.faults({"runs.find": ["gzip-bomb:64"]}) as plan,
        studio.connect(limits=Limits(body=8 << 20)) as client,
    ):
        assert files_of(build(client, session, tmp_path)) == files_of(calm)
    assert plan.exhausted


def test_a_run_that_is_gone_between_list_and_fetch_is_rejected_with_its_reason(
    studio: LocalStudio, session: TrainingSession, tmp_path: Path
) -> None:
    with studio.faults({"runs.list": ["vanish:2"], "runs.find": ["vanish"]}) as plan:
        result = build(studio.client, session, tmp_path)
    assert plan.exhausted
    assert result.manifest.tally.pulled == COUNT
    assert result.manifest.tally.rejected["vanished"] == 3


def test_a_run_that_no_page_shows_and_that_is_gone_is_rejected_too(
    studio: LocalStudio, session: TrainingSession, tmp_path: Path
) -> None:
    with studio.faults({"runs.list": ["shift:2"], "runs.get": ["vanish"]}) as plan:
        plan.vanish(list(session.runs or ())[:1])
        result = build(studio.client, session, tmp_path)
    assert result.manifest.tally.pulled == COUNT
    assert result.manifest.tally.rejected["vanished"] == 1


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ({"runs.list": ["garbage"]}, PermanentError, "is not the JSON"),
        ({"runs.list": ["gzip-bomb:64"]}, PermanentError, "more than 8,388,608 bytes"),
        ({"runs.list": ["redirect"]}, PermanentError, "redirects are not followed"),
        ({"runs.list": ["500"]}, Unreachable, "answered 500"),
        ({"runs.list": ["503"] * 5}, Unreachable, "answered 503"),
        ({"runs.list": ["429:quota"]}, RateLimited, "the quota is used up"),
        ({"runs.list": ["401", "401"]}, AuthRefused, "check the API key"),
        ({"runs.find": ["reset"] * 20}, Unreachable, "read 100 runs at once"),
        ({"token.issue": ["garbage"]}, PermanentError, "exchange the API key"),
        ({"token.issue": ["401"]}, AuthRefused, "check the API key"),
        ({"token.issue": ["expire", "expire"]}, AuthRefused, "the token has expired"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_a_clear_error_and_the_next_build_is_right(
    studio: LocalStudio,
    session: TrainingSession,
    calm: BuildResult,
    script: Script,
    kind: type[TrainsetError],
    words: str,
    tmp_path: Path,
) -> None:
    with (
        studio.faults(script),
        studio.connect(limits=Limits(body=8 << 20)) as client,
        pytest.raises(kind, match=words),
    ):
        build(client, session, tmp_path)
    assert files_of(build(studio.client, session, tmp_path)) == files_of(calm)


class Handover:
    """A build that is handed to a session, and what the Studio holds of it."""

    def __init__(self, studio: LocalStudio, session: TrainingSession, result: BuildResult) -> None:
        self.studio = studio
        self.session = session.id
        self.result = result

    def publish(self) -> None:
        publish_dataset(self.result, self.studio.client, self.session, gates=GateSpec())

    def start(self) -> Any:
        return start_training(self.result, self.studio.client, self.session)

    def counted(self, table: str) -> int:
        query = f"SELECT count(*) FROM {table} WHERE session = '{self.session}'"
        with self.studio.studio.database.read() as connection:
            return int(connection.exec_driver_sql(query).scalar() or 0)

    def data(self) -> bytes:
        """The bytes that the session would be trained on."""
        dataset = self.studio.client.training.get(self.session).dataset
        assert dataset is not None
        return self.studio.studio.store.path(dataset.rsplit("/", 1)[-1]).read_bytes()

    def is_whole(self) -> bool:
        """Whether the dataset is the build's, and came there as one object."""
        return self.data() == self.signed() and self.counted("objects") == 1

    def signed(self) -> bytes:
        """The build's training file."""
        (file,) = (one for one in self.result.manifest.files if one.split == "train" and one.format)
        return (self.result.dataset / file.path).read_bytes()


@pytest.fixture
def handover(studio: LocalStudio, session: TrainingSession, calm: BuildResult) -> Handover:
    made = studio.client.training.create("handover", session.env.id, session.model)
    return Handover(studio, made, calm)


@pytest.mark.parametrize(
    "script",
    [
        {"training.upload_url": ["503", "reset", "lost", "cut:5"]},
        {"upload.status": ["503", "reset", "500"]},
        {"upload.chunk": ["503", "reset", "408"]},
        {"upload.chunk": ["lost"]},
        {"upload.chunk": ["cut:5"]},
        {"upload.chunk": ["half", "half"]},
        {"upload.chunk": ["partial", "partial"]},
        {"upload.chunk": ["429:pacing:5", "502:html", "slow:0.1"]},
        {"upload.status": ["410"]},
        {"upload.chunk": ["404"]},
        {"training.dataset": ["503", "reset", "lost", "cut:3"]},
        {"training.get": ["reset", "502:html"], "training.dataset": ["429:pacing:5"]},
    ],
    ids=str,
)
def test_a_dataset_arrives_whole_and_once(handover: Handover, script: Script) -> None:
    with handover.studio.faults(script) as plan:
        handover.publish()
    met(plan)
    assert handover.is_whole()


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ({"upload.chunk": ["corrupt"]}, IntegrityError, "arrived changed"),
        ({"upload.chunk": ["checksum"]}, IntegrityError, "crc32c AAAAAA== there"),
        ({"upload.chunk": ["403"]}, AuthRefused, "answered 403"),
        ({"upload.status": ["redirect"]}, PermanentError, "redirects are not followed"),
        ({"upload.status": ["503"] * 5}, Unreachable, "answered 503"),
        ({"upload.chunk": ["429:quota"]}, RateLimited, "quota"),
        ({"training.upload_url": ["garbage"]}, PermanentError, "is not the JSON"),
        ({"training.dataset": ["500"]}, Unreachable, "answered 500"),
        ({"training.dataset": ["404"]}, Unreachable, "run the same command again"),
    ],
    ids=str,
)
def test_an_upload_that_fails_says_so_and_goes_on_when_it_is_run_again(
    handover: Handover, script: Script, kind: type[TrainsetError], words: str
) -> None:
    with handover.studio.faults(script) as plan, pytest.raises(kind, match=words):
        handover.publish()
    met(plan)
    assert handover.studio.client.training.get(handover.session).dataset is None
    handover.publish()
    objects = 2 if "404" in str(script) else 1
    assert handover.counted("objects") == objects
    assert handover.counted("jobs") == 0


@pytest.mark.parametrize(
    "words",
    [
        ["lost"],
        ["reset"],
        ["cut:4"],
        ["503"],
        ["502:html"],
        ["429:pacing:5", "lost"],
        ["401", "lost"],
        ["reset", "lost"],
    ],
    ids=str,
)
def test_a_start_makes_one_job_whatever_becomes_of_its_answer(
    handover: Handover, words: list[str]
) -> None:
    handover.publish()
    with handover.studio.faults({"training.start": words}) as plan:
        started = handover.start()
    met(plan)
    assert handover.counted("jobs") == 1
    assert handover.start().job.id == started.job.id
    assert handover.counted("jobs") == 1


def test_a_start_that_is_never_answered_is_found_by_the_next(handover: Handover) -> None:
    handover.publish()
    with handover.studio.faults({"training.start": ["garbage"]}), pytest.raises(PermanentError):
        handover.start()
    assert not handover.start().started
    with handover.studio.faults({"training.start": ["reset"] * 3}) as plan:
        assert handover.start().job is not None
    assert plan.calls("training.start") == ()
    assert handover.counted("jobs") == 1


@pytest.mark.parametrize("look", ["checksum", "404"])
def test_a_dataset_that_seems_another_for_once_does_not_bring_a_second_job(
    handover: Handover, look: str
) -> None:
    handover.publish()
    with handover.studio.faults({"training.start": ["garbage"]}), pytest.raises(PermanentError):
        handover.start()
    while handover.studio.client.training.get(handover.session).status == "processing":
        time.sleep(0.05)
    with handover.studio.faults({"objects.get": [look]}) as plan:
        handover.publish()
    met(plan)
    assert not handover.start().started
    assert handover.counted("jobs") == 1


def test_an_upload_that_the_studio_forgot_does_not_bring_a_second_job(handover: Handover) -> None:
    handover.publish()
    job = handover.start().job
    while handover.studio.client.training.get(handover.session).status == "processing":
        time.sleep(0.05)
    script = {"objects.get": ["404", "404"], "training.dataset": ["404"]}
    with handover.studio.faults(script) as plan:
        with pytest.raises(Unreachable, match="run the same command again"):
            handover.publish()
        handover.publish()
    met(plan)
    assert handover.start().job.id == job.id
    assert handover.counted("jobs") == 1


@pytest.mark.parametrize("word", ["lost", "cut:9", "reset"])
def test_a_session_whose_making_was_not_answered_is_made_once(
    studio: LocalStudio, session: TrainingSession, tmp_path: Path, word: str
) -> None:
    name = f"filled {word}"
    ids = list(session.runs or ())
    script = {"training.create": [word], "training.add": ["lost", "503", "reset"]}
    fill = (studio.client, spec_in(tmp_path), name, ids)
    with studio.faults(script):
        if word == "reset":
            with pytest.raises(Unreachable, match="create training session"):
                fill_session(*fill)
        made = fill_session(*fill)
    assert [one.id for one in studio.client.training.names() if one.name == name] == [made.id]
    assert sorted(studio.client.training.get(made.id).runs or ()) == sorted(ids)


def test_a_build_at_the_studio_whose_answer_is_lost_makes_one_dataset(
    studio: LocalStudio, session: TrainingSession
) -> None:
    made = studio.client.training.create("built there", session.env.id, session.model)
    studio.client.training.add_runs(made.id, list(session.runs or ()))
    with studio.faults({"training.build": ["lost", "503", "cut:7"]}) as plan:
        url = studio.client.training.build(made.id)
    met(plan)
    with studio.studio.database.read() as connection:
        query = f"SELECT name FROM objects WHERE session = '{made.id}'"
        names = list(connection.exec_driver_sql(query).scalars())
    assert [url] == [studio.studio.links.place(name) for name in names]


def test_a_cancel_whose_answer_is_lost_is_not_sent_again(handover: Handover) -> None:
    handover.publish()
    job = handover.start().job
    client = handover.studio.client
    with (
        handover.studio.faults({"training.cancel": ["lost"]}) as plan,
        pytest.raises(Unreachable, match="cancel training session"),
    ):
        client.training.cancel(handover.session)
    assert len(plan.calls("training.cancel")) == 1
    assert client.training.job(job.id).status == "cancelled"
    assert client.training.cancel(handover.session).id == job.id


def test_a_job_is_watched_through_every_fault(handover: Handover) -> None:
    handover.publish()
    job = handover.start().job
    script = {"training.job": ["503", "reset", "cut:9", "ok", "lost", "502:html", "slow:0.1"]}
    with handover.studio.faults(script) as plan:
        while not plan.exhausted:
            assert handover.studio.client.training.job(job.id).id == job.id


def test_more_silence_than_is_waited_for_is_a_broken_connection(
    studio: LocalStudio, session: TrainingSession
) -> None:
    with (
        studio.faults({"runs.list": ["slow:1", "slow:1"]}) as plan,
        studio.connect(limits=Limits(silence=0.2), retry=QUICK) as client,
    ):
        assert len(list(client.training.run_refs(session.id))) == COUNT
    met(plan)


STATUSES = (400, 401, 403, 404, 408, 409, 410, 413, 429, 500, 502, 503, 504)
ANYWHERE = (
    *(str(status) for status in STATUSES),
    "502:html", "503:after:0.01", "429:pacing:5", "429:quota", "reset", "lost", "cut:0", "cut:30",
    "slow:0.02", "garbage", "redirect", "ok", "ok",
)  # fmt: skip
SPECIAL = {
    "runs.list": ("shift", "shift:60", "shift:-5", "repeat"),
    "token.issue": ("expire", "expire:1", "expire:4"),
    "upload.status": ("checksum",),
    "upload.chunk": ("half", "partial", "corrupt", "checksum"),
    "objects.get": ("corrupt", "checksum"),
    "runs.find": (),
    "training.get": (),
    "training.upload_url": (),
    "training.dataset": (),
    "training.start": (),
    "training.job": (),
}


def drawn(seed: int) -> Script:
    """A script for all that the main job asks, of every fault that may pass."""
    draw = random.Random(seed)
    return {
        name: draw.choices((*ANYWHERE, *special * 3), k=draw.randint(0, 4))
        for name, special in SPECIAL.items()
    }


@pytest.mark.parametrize("seed", range(12))
def test_in_any_storm_the_main_job_ends_with_the_same_dataset_and_one_job(
    studio: LocalStudio, session: TrainingSession, calm: BuildResult, tmp_path: Path, seed: int
) -> None:
    """Run again after every error, as cron does; none but the house's own may come out."""
    made = studio.client.training.create(f"storm {seed}", session.env.id, session.model)
    studio.client.training.add_runs(made.id, list(session.runs or ()))
    quick = RetryPolicy(attempts=3, base=0.001, cap=0.002)
    errors: list[TrainsetError] = []
    with studio.faults(drawn(seed)) as plan, studio.connect(retry=quick) as client:
        while len(errors) < 60:
            try:
                result = build(client, made, tmp_path)
                publish_dataset(result, client, made.id, gates=GateSpec())
                job = start_training(result, client, made.id).job
                assert client.training.job(job.id).id == job.id
            except TrainsetError as error:
                errors.append(error)
            else:
                break
    storm = Handover(studio, made, result)
    assert storm.counted("jobs") == 1, (plan.left, errors)
    assert storm.data() == storm.signed()
    assert storm.signed() == Handover(studio, made, calm).signed()
