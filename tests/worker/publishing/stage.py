"""A pull request on the local GitHub, a publisher, and findings made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.github import pulls
from app.github.app import GitHubApp
from app.github.pacing import Allowance, Allowances, Pacer
from app.github.transport import Retry
from rules.core.config import Config
from rules.core.findings import Finding, Review, Verdict
from rules.core.rule import Severity
from tests.github import LocalGitHub, conversation
from worker.publishing.markers import Signer
from worker.publishing.placement import commentable
from worker.publishing.publisher import Publisher
from worker.publishing.standing import Published, Standing, Target

if TYPE_CHECKING:
    import httpx

KEY = b"k" * 32
LINES = [f"value_{number} = {number}\n" for number in range(1, 61)]
"""A module of sixty lines; the pull request adds a line after 10 and after 50."""
CHANGED = [*LINES[:10], "added_1 = 1\n", *LINES[10:50], "added_2 = 2\n", *LINES[50:]]
NEW = "".join(f"fresh_{number} = {number}\n" for number in range(1, 41))


def hurried(burst: float, rate: float, patience: float = 10.0) -> Pacer:
    """A pacer that allows so many writes, and as much as can be of all else."""
    ample, writes = Allowance(10**6, 10**6), Allowance(burst, rate)
    return Pacer(None, Allowances(ample, ample, writes, ample, ample), patience)


def finding(
    line: int, path: str = "shop/new.py", rule: str = "SEC101", **fields: object
) -> Finding:
    """A critical finding on one line; its fingerprint tells path, rule and line."""
    end_line = fields.pop("end_line", line)
    made = {
        "rule": rule,
        "name": "sql-injection",
        "severity": Severity.CRITICAL,
        "group": "security",
        "path": path,
        "line": line,
        "end_line": end_line,
        "column": 1,
        "message": f"The text of line {line} becomes SQL.",
        "fingerprint": f"{rule}-{path.replace('/', '.')}-{line}",
    }
    return Finding(**(made | fields))  # pyright: ignore[reportArgumentType]


def review(*findings: Finding, **fields: object) -> Review:
    """A review that found these in two files."""
    verdict = Verdict.FINDINGS if findings else Verdict.PASSED
    made = {"findings": findings, "verdict": verdict, "reviewed": 2}
    return Review(**(made | fields))  # pyright: ignore[reportArgumentType]


@dataclass
class Stage:
    """One pull request under review. `generation` grows with every review of a new head."""

    github: LocalGitHub
    permissions: dict[str, str] | None = None
    transport: httpx.AsyncBaseTransport | None = None
    pacer: Pacer = field(default_factory=lambda: hurried(10**6, 10**6))
    generation: int = 1
    owner: str = "alice"
    clients: list[GitHubApp] = field(default_factory=list)

    def __post_init__(self) -> None:
        github = self.github
        self.app = github.apps.create(f"backend-expert-{self.owner}")
        self.repo = github.repositories.create(
            f"{self.owner}/shop", {"shop/old.py": "".join(LINES), "README.md": "# Shop\n"}
        )
        self.installation = github.apps.install(self.app, [self.repo], permissions=self.permissions)
        github.repositories.commit(
            self.repo, "feature", {"shop/old.py": "".join(CHANGED), "shop/new.py": NEW}
        )
        self.pull = github.pulls.open(self.repo, "feature")
        self.connect()

    def connect(self) -> None:
        """Begin anew, as a process that knows nothing."""
        self.client = GitHubApp(
            self.app.id,
            self.app.private_key,
            api_url=self.github.url,
            transport=self.transport,
            retry=Retry(()),
            pacer=self.pacer,
        )
        self.clients.append(self.client)
        self.publisher = Publisher(KEY, "http://review.example", self.github.url, settle=0.0)

    async def close(self) -> None:
        """Close every connection."""
        for client in self.clients:
            await client.close()

    @property
    def target(self) -> Target:
        """The head as it is now."""
        repository = self.client.repository(self.installation.id, self.owner, "shop")
        return Target(
            repository, self.repo.id, self.pull.number, self.pull.head_sha, self.generation
        )

    @property
    def signer(self) -> Signer:
        """Signs as the publisher does."""
        return Signer(KEY, self.repo.id, self.pull.number)

    async def publish(
        self,
        found: Review,
        standing: Standing | None = None,
        config: Config | None = None,
        target: Target | None = None,
    ) -> Published:
        """A whole attempt, from the check in progress to its conclusion."""
        standing, target = standing or Standing(), target or self.target
        check = await self.publisher.start_check(target, uncertain=standing.uncertain)
        listed = await pulls.files(target.repository, target.number, 2)
        return await self.publisher.publish(
            target, found, config or Config(), commentable(listed.files), standing, check
        )

    def push(self, files: dict[str, str | bytes | None] | None = None) -> None:
        """A further commit, reviewed next."""
        self.github.pulls.push(self.pull, files or {"shop/more.py": "x = 1\n"})
        self.generation += 1

    def leave_pending_review(self) -> None:
        """A review by our own account that was begun and never submitted."""
        conversation.review(
            self.github.world, self.pull, self.app.bot, "Begun", "PENDING", self.pull.head_sha
        )

    @property
    def inline(self) -> list[tuple[str, int | None, int | None]]:
        """Path and lines of every review comment, in the order of posting."""
        return [
            (one.original.path, one.original.start_line, one.original.line)
            for one in self.pull.review_comments
        ]

    @property
    def bodies(self) -> list[str]:
        """The texts of the review comments without their markers."""
        return [one.body.partition("\n")[2] for one in self.pull.review_comments]

    @property
    def checks(self) -> list[tuple[str, str | None, str | None]]:
        """Status, conclusion and title of every check run, oldest first."""
        runs = self.repo.check_runs.values()
        return [(one.status, one.conclusion, one.title) for one in runs]

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Every request that changed something, except minting tokens."""
        return [
            (one.method, one.path)
            for one in self.github.requests
            if one.method != "GET" and "access_tokens" not in one.path and one.status < 400
        ]

    @property
    def state(self) -> object:
        """Everything that a reader of the pull request sees."""
        return (
            sorted(
                (c.original.path, c.original.line or 0, c.body, c.minimized)
                for c in self.pull.review_comments
            ),
            sorted(t.resolved_by is not None for t in self.pull.threads),
            [c.body for c in self.pull.comments],
            [
                (*run, one.annotations)
                for run, one in zip(self.checks, self.repo.check_runs.values(), strict=True)
            ],
        )


def after(published: Published, *, uncertain: bool = False) -> Standing:
    """What SQL would remember of it."""
    return Standing(published.known, published.summary_comment_id, uncertain)
