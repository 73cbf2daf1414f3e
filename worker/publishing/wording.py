"""What the review, its summary and its check run say as a whole. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.github.checks import Annotation, Button, Report
from rules.core.report import check_run
from rules.core.report.assessment import many
from rules.core.report.summary import component_of, summary
from worker.publishing.markers import Mark
from worker.publishing.standing import Place, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.core.report.assessment import Assessment
    from worker.publishing.drafts import Author, Draft
    from worker.publishing.standing import Known

SUMMARY = Mark("summary", "summary")
"""The mark of the summary; a pull request has one."""


WHOLE_FILES = Button(
    label="Review whole files",
    description="Also the lines that nobody changed",
    identifier="whole-files",
)
"""The button that does what `/recheck full` does."""


def cover(author: Author, drafts: Iterable[Draft], generation: int, summary_url: str | None) -> str:
    """The body of a review, which GitHub wants to have; the summary says the rest."""
    head_sha = author.links.head_sha
    count = sum(len(draft.findings) for draft in drafts)
    told = f"{many(count, 'new finding')} at {author.links.commit(head_sha)}."
    if summary_url is not None:
        told += f" See the [summary]({summary_url})."
    return f"{author.signer.marker(Mark('review', f'{head_sha[:12]}.{generation}'))}\n{told}"


def summary_body(author: Author, assessment: Assessment, paths: Iterable[str]) -> str:
    """The body of the summary; it is named after the Python files among the changed ones."""
    listed = list(paths)
    component = component_of([path for path in listed if path.endswith(".py")] or listed)
    marker = author.signer.marker(SUMMARY)
    return summary(assessment, component, author.links, marker=marker)


def report(
    author: Author, assessment: Assessment, known: Iterable[Known], notes: Sequence[str]
) -> Report:
    """How the check ends; `notes` say what could not be done. What is said nowhere else is noted."""
    run = check_run.check_run(assessment, author.links)
    remarks = "".join(f"\n\n⚠️ {note}" for note in notes)[: check_run.LIMIT // 2]
    return Report(
        conclusion=run.conclusion,
        title=run.title,
        summary=run.summary[: check_run.LIMIT - len(remarks)] + remarks,
        annotations=tuple(
            _annotation(one)
            for one in known
            if one.place is Place.CHECK and one.state is State.OPEN
        ),
        buttons=(WHOLE_FILES,),
    )


def _annotation(one: Known) -> Annotation:
    made = check_run.annotation(one.finding)
    return Annotation(
        path=made.path,
        start_line=made.start_line,
        end_line=made.end_line,
        annotation_level=made.annotation_level,
        title=made.title,
        message=made.message,
    )
