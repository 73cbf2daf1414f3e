"""The app and a local GitHub that knows the same repository, and people who sign in to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from app.config import Settings
from app.db import findings, installations, pull_requests, repositories, reviews
from app.db.reviews import ReviewOutcome
from app.models import FindingPlace, ReviewState
from app.services import Services
from tests.app.conversation import talking_to
from tests.app.rows import INSTALLATION, NOON, PULL_REQUEST, REPOSITORY, add_review
from tests.app.test_history_of_reviews import FINDING
from tests.github import LocalGitHub
from tests.github.state import App, Installation

FAR = ("203.0.113.9", 1)
HOST = "reviews.example"
PERSON = {"Accept": "text/html"}
OPERATOR, READER, STRANGER = "olga", "rita", "sam"


@dataclass
class Site:
    """The app as people from elsewhere reach it."""

    http: httpx.AsyncClient
    services: Services
    github: LocalGitHub
    installation: Installation

    async def sign_in(self, login: str, after: str = "/") -> httpx.Response:
        """Sign in as a browser does; gives the answer of our callback."""
        self.github.world.browser_login = login
        left = await self.http.get("/sign-in/github", params={"next": after})
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            said_yes = await elsewhere.get(left.headers["location"])
        back = httpx.URL(said_yes.headers["location"])
        return await self.http.get(back.raw_path.decode())

    async def suspend(self) -> None:
        """Suspend the installation on GitHub; its event is not here yet."""
        self.github.apps.suspend(self.installation)


def settings_for(settings: Settings, github: LocalGitHub, app: App) -> Settings:
    """Settings with which people can sign in."""
    return settings.model_copy(
        update={
            "github_url": github.url,
            "github_api_url": github.url,
            "github_client_id": app.client_id,
            "github_client_secret": type(settings.github_client_secret)(app.client_secret),
            "operators": frozenset({OPERATOR}),
            "public_url": f"http://{HOST}",
        }
    )


@asynccontextmanager
async def site(settings: Settings, github: LocalGitHub) -> AsyncIterator[Site]:
    """A repository `octo/shop` with a review, which `READER` may read."""
    app = github.apps.create()
    shop = github.repositories.create("octo/shop", {"README.md": "shop"}, private=True)
    shop.collaborators[READER] = "read"
    installation = github.apps.install(app, [shop])
    async with talking_to(settings_for(settings, github, app), FAR, HOST) as (http, services):
        await fill(services, shop.id, installation.id)
        http.headers.update(PERSON)
        yield Site(http, services, github, installation)


async def fill(services: Services, repository_id: int, installation_id: int) -> None:
    """What a worker would have recorded."""
    async with services.database.write() as session:
        await installations.upsert(session, replace(INSTALLATION, id=installation_id))
        await repositories.upsert(
            session, replace(REPOSITORY, id=repository_id, installation_id=installation_id)
        )
        number = await pull_requests.upsert(
            session, replace(PULL_REQUEST, repository_id=repository_id)
        )
        review = await add_review(session, number)
        await findings.record_open(
            session,
            pull_request_id=number,
            review_id=review,
            findings=[FINDING],
            places={FINDING.fingerprint: FindingPlace.INLINE},
            now=NOON,
        )
        outcome = ReviewOutcome("findings", {"critical": 1}, {"analysis": 0.25})
        await reviews.finish(session, review, ReviewState.DONE, NOON, outcome)
