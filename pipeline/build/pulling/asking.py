"""Asking the Studio to render: each request once, several at a time, the answers on the disk.

The answers of a part are one file, written anew after every few hundred of them: what a kill can
lose is what came since. A request that an earlier part had answered is copied from there.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.api.prompts import RenderedPrompt
from pipeline.build.progress import Progress
from pipeline.build.pulling.templates import TemplateStudio, Withheld
from pipeline.build.shelf import Shelf
from pipeline.errors import TrainsetError
from pipeline.prompts import PromptCatalog, RenderedText, TemplateRequest

__all__ = ["Asking", "read_answers"]

_KIND = "rendered"
_IN_FLIGHT = 16
_SAVED_AT_ONCE = 256
_NOT_GIVEN = (403, 404, 405, 410, 501)
"""Answers that are about the template or the operation, whatever the variables."""

Answers = dict[str, RenderedText]


def read_answers(shelf: Shelf, part: int) -> Answers:
    """The Studio's answers for the runs of a part, by `TemplateRequest.key`."""
    if not shelf.has_part(part, _KIND):
        return {}
    rows = shelf.read_part(part, kind=_KIND).to_pylist()
    return {row["key"]: RenderedText(row["text"], row["said"], row["role"]) for row in rows}


@dataclass
class Asking:
    """One build's requests to the Studio."""

    shelf: Shelf
    studio: TemplateStudio
    catalog: PromptCatalog
    progress: Progress
    withheld: dict[str, Withheld]
    """Ids that the Studio gives nothing for; those of templates that it does not render come in."""
    made: int = 0
    """Requests that were answered by now."""
    _closed: set[str] = field(default_factory=set)
    """Templates that need not be asked about again."""
    _part_of: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._closed = {ident for ident, said in self.withheld.items() if said.is_gone}

    def recall(self, parts: int) -> None:
        """Find the answers that an earlier try of this build has saved."""
        for part in range(parts):
            if self.shelf.has_part(part, _KIND):
                keys = self.shelf.read_part(part, ["key"], _KIND)["key"].to_pylist()
                self._part_of.update((key, part) for key in keys if key not in self._part_of)

    def answer(self, part: int, requests: Sequence[TemplateRequest]) -> None:
        """See to it that the part's file holds an answer to every request that has one.

        What may pass is raised after everything that was answered is saved.
        """
        answers = read_answers(self.shelf, part)
        missing = {one.key: one for one in requests if one.key not in answers}
        copied = self._copied(missing)
        answers |= copied
        wanted = [one for key, one in missing.items() if key not in copied]
        if copied and not wanted:
            self._save(part, answers)
        for start in range(0, len(wanted), _SAVED_AT_ONCE):
            fresh: Answers = {}
            try:
                self._ask(wanted[start : start + _SAVED_AT_ONCE], fresh)
            finally:
                answers |= fresh
                self._save(part, answers)

    def _copied(self, wanted: Iterable[str]) -> Answers:
        by_part: dict[int, list[str]] = defaultdict(list)
        for key in wanted:
            if (part := self._part_of.get(key)) is not None:
                by_part[part].append(key)
        found: Answers = {}
        for part, keys in by_part.items():
            answers = read_answers(self.shelf, part)
            found |= {key: answers[key] for key in keys}
        return found

    def _ask(self, requests: Sequence[TemplateRequest], answers: Answers) -> None:
        """Ask for all of them; `answers` grows, also when it ends with an error."""
        pool = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="render")
        futures: dict[Future[RenderedText | None], TemplateRequest] = {
            pool.submit(self._answered, one): one for one in requests
        }
        try:
            for future in as_completed(futures):
                future.result()
                self.progress.advance(1)
        except TrainsetError:
            # Those on their way are waited for: what is answered need not be asked again.
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for future, request in futures.items():
                if future.done() and not future.cancelled() and future.exception() is None:
                    answer = future.result()
                    if answer is not None:
                        answers[request.key] = answer
            self.made += len(answers)

    def _answered(self, request: TemplateRequest) -> RenderedText | None:
        """The Studio's answer; None where it withholds the template."""
        ident = request.template_id
        if ident in self._closed:
            return None
        answer = self.studio.render(ident, request.variables)
        if isinstance(answer, RenderedPrompt):
            return self._text(request, answer)
        if answer.status in _NOT_GIVEN:
            said = f"the Studio answered {answer.status} for rendering {ident}, {answer.said}"
            self.withheld[ident] = Withheld(answer.status, said)
            self._closed.add(ident)
            return None
        return RenderedText(None, f"the Studio answered {answer.status}, {answer.said}")

    def _text(self, request: TemplateRequest, answer: RenderedPrompt) -> RenderedText:
        """The answer's text; in the answer's first form it stands where a template's source does.

        There only what differs from the source that is known is taken, so that no source is
        ever taken for its text.
        """
        if answer.rendered is not None:
            return RenderedText(answer.rendered, role=answer.role)
        sources = {one.content for one in self.catalog.templates.get(request.template_id, ())}
        if answer.content is not None and sources and answer.content not in sources:
            return RenderedText(answer.content, role=answer.role)
        return RenderedText(None, "the Studio answered without a rendered text")

    def _save(self, part: int, answers: Answers) -> None:
        keys = sorted(answers)
        columns = {
            "key": keys,
            "text": [answers[key].text for key in keys],
            "said": [answers[key].said for key in keys],
            "role": [answers[key].role for key in keys],
        }
        arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
        self.shelf.write_part(part, pa.table(arrays), _KIND)
        self._part_of.update((key, part) for key in keys if key not in self._part_of)
