"""votes on our comments"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "votes",
        sa.Column("comment_id", big, nullable=False),
        sa.Column("repository_id", big, nullable=False),
        sa.Column("pull_request_id", big, nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("up", big, nullable=False),
        sa.Column("down", big, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_votes_repository_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pull_request_id"],
            ["pull_requests.id"],
            name=op.f("fk_votes_pull_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_repository_id_rule"), "votes", ["repository_id", "rule"])
    op.create_index(op.f("ix_votes_pull_request_id"), "votes", ["pull_request_id"])
    op.add_column("pull_requests", sa.Column("votes_read_at", moment, nullable=True))


def downgrade() -> None:
    op.drop_column("pull_requests", "votes_read_at")
    op.drop_table("votes")
