"""initial tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
moment = sa.DateTime(timezone=True)
word = sa.String(16)


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("guid", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=True),
        sa.Column("installation_id", big, nullable=True),
        sa.Column("repository_id", big, nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("attempts", big, nullable=False),
        sa.Column("redeliveries", big, nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("leased_until", moment, nullable=True),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("done_at", moment, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_due_at"), "deliveries", ["due_at"], unique=False)
    op.create_index(
        op.f("ix_deliveries_state_received_at"),
        "deliveries",
        ["state", "received_at"],
        unique=False,
    )

    op.create_table(
        "installations",
        sa.Column("id", big, autoincrement=False, nullable=False),
        sa.Column("account_login", sa.Text(), nullable=False),
        sa.Column("account_type", sa.String(length=32), nullable=False),
        sa.Column("permissions", json, nullable=False),
        sa.Column("suspended_at", moment, nullable=True),
        sa.Column("deleted_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
    )
    op.create_table(
        "repositories",
        sa.Column("id", big, autoincrement=False, nullable=False),
        sa.Column("installation_id", big, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("default_branch", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("removed_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["installation_id"],
            ["installations.id"],
            name=op.f("fk_repositories_installation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
    )
    op.create_index(
        op.f("ix_repositories_installation_id"), "repositories", ["installation_id"], unique=False
    )
    op.create_index(
        op.f("ix_repositories_owner_name"), "repositories", ["owner", "name"], unique=False
    )

    op.create_table(
        "pull_requests",
        sa.Column("id", big, nullable=False),
        sa.Column("repository_id", big, nullable=False),
        sa.Column("number", big, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author_login", sa.Text(), nullable=True),
        sa.Column("author_id", big, nullable=True),
        sa.Column("head_sha", sa.String(length=64), nullable=False),
        sa.Column("base_ref", sa.Text(), nullable=False),
        sa.Column("base_sha", sa.String(length=64), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("wanted_head_sha", sa.String(length=64), nullable=True),
        sa.Column("wanted_reason", sa.Text(), nullable=True),
        sa.Column("wanted_full", sa.Boolean(), nullable=False),
        sa.Column("generation", big, nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("quiet_until", moment, nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("leased_until", moment, nullable=True),
        sa.Column("attempts", big, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("reviewed_head_sha", sa.String(length=64), nullable=True),
        sa.Column("reviewed_merge_base", sa.String(length=64), nullable=True),
        sa.Column("reviewed_generation", big, nullable=True),
        sa.Column("summary_comment_id", big, nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_pull_requests_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull_requests")),
        sa.UniqueConstraint(
            "repository_id", "number", name=op.f("uq_pull_requests_repository_id_number")
        ),
    )
    op.create_index(op.f("ix_pull_requests_due_at"), "pull_requests", ["due_at"], unique=False)

    op.create_table(
        "commands",
        sa.Column("id", big, nullable=False),
        sa.Column("pull_request_id", big, nullable=False),
        sa.Column("comment_id", big, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("author_login", sa.Text(), nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("done_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["pull_request_id"],
            ["pull_requests.id"],
            name=op.f("fk_commands_pull_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sa.UniqueConstraint("comment_id", name=op.f("uq_commands_comment_id")),
    )
    op.create_index(
        op.f("ix_commands_pull_request_id"), "commands", ["pull_request_id"], unique=False
    )

    op.create_table(
        "reviews",
        sa.Column("id", big, nullable=False),
        sa.Column("pull_request_id", big, nullable=False),
        sa.Column("generation", big, nullable=False),
        sa.Column("head_sha", sa.String(length=64), nullable=False),
        sa.Column("merge_base_sha", sa.String(length=64), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("state", word, nullable=False),
        sa.Column("whole_files", sa.Boolean(), nullable=False),
        sa.Column("github_review_id", big, nullable=True),
        sa.Column("check_run_id", big, nullable=True),
        sa.Column("summary", json, nullable=False),
        sa.Column("timings", json, nullable=False),
        sa.Column("skipped", json, nullable=False),
        sa.Column("notes", json, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("engine_version", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["pull_request_id"],
            ["pull_requests.id"],
            name=op.f("fk_reviews_pull_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint(
            "pull_request_id", "generation", name=op.f("uq_reviews_pull_request_id_generation")
        ),
    )
    op.create_index(op.f("ix_reviews_finished_at"), "reviews", ["finished_at"], unique=False)

    op.create_table(
        "findings",
        sa.Column("id", big, nullable=False),
        sa.Column("pull_request_id", big, nullable=False),
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("group", sa.String(length=32), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("line", big, nullable=False),
        sa.Column("end_line", big, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=16), nullable=False),
        sa.Column("trace", json, nullable=False),
        sa.Column("fix", json, nullable=True),
        sa.Column("place", word, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("first_review_id", big, nullable=False),
        sa.Column("last_review_id", big, nullable=False),
        sa.Column("fixed_sha", sa.String(length=64), nullable=True),
        sa.Column("dismissed_by", sa.Text(), nullable=True),
        sa.Column("dismissed_reason", sa.Text(), nullable=True),
        sa.Column("comment_id", big, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["first_review_id"],
            ["reviews.id"],
            name=op.f("fk_findings_first_review_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["last_review_id"],
            ["reviews.id"],
            name=op.f("fk_findings_last_review_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pull_request_id"],
            ["pull_requests.id"],
            name=op.f("fk_findings_pull_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint(
            "pull_request_id", "fingerprint", name=op.f("uq_findings_pull_request_id_fingerprint")
        ),
    )
    op.create_index(
        op.f("ix_findings_last_review_id"), "findings", ["last_review_id"], unique=False
    )


def downgrade() -> None:
    for table in (
        "findings",
        "reviews",
        "commands",
        "pull_requests",
        "repositories",
        "installations",
        "deliveries",
    ):
        op.drop_table(table)
