"""`/rules` and `/rules/{code}`: the link in every comment leads here. Open to everybody."""

from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from app.db import history
from app.deps import MaybeViewerDep, SessionDep
from app.pages import markdown, page, templates
from rules.catalog import all_rules, find
from rules.core.rule import GROUPS
from rules.docs import has_fix, references, sentence
from rules.docs import page as document

router = APIRouter()


@router.get("/rules")
def catalogue(request: Request) -> HTMLResponse:
    """All rules, by the groups of the checklist."""
    known = all_rules().values()
    groups = [
        (title, [(rule, sentence(rule), has_fix(rule)) for rule in known if rule.group == group])
        for group, title in GROUPS.items()
    ]
    return templates().TemplateResponse(
        request,
        "rules.html",
        {"groups": [(title, rules) for title, rules in groups if rules], "count": len(known)},
    )


@router.get("/rules/{code}")
async def rule(
    request: Request, session: SessionDep, viewer: MaybeViewerDep, code: str
) -> Response:
    """The page of one rule, and what became of its findings for who may see that.

    Its name or other case leads to its code.
    """
    known = all_rules().get(code)
    if known is not None:
        # The text is our own documentation, and raw HTML in it is off.
        text = Markup(markdown().render(document(known)))  # noqa: S704
        now = datetime.now(UTC)
        here = await history.of_rule(session, code, now, viewer.repositories) if viewer else None
        values = {"rule": known, "text": text, "here": here, "now": now}
        return page(request, "rule.html", values)
    meant = find(code)
    if len(meant) == 1:
        return RedirectResponse(f"/rules/{meant[0].code}", 308)
    raise HTTPException(404, "There is no such rule.")


@router.get("/references/{name}")
def reference(request: Request, name: str) -> HTMLResponse:
    """What the rules know about one service; their pages link here."""
    text = references().get(name)
    if text is None:
        raise HTTPException(404, "There is no such page.")
    # The text is our own documentation, and raw HTML in it is off.
    return templates().TemplateResponse(
        request,
        "reference.html",
        {"name": name, "text": Markup(markdown().render(text))},  # noqa: S704
    )
