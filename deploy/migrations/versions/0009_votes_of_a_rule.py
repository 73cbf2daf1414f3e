"""an index for what people think of one rule"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_votes_rule_repository_id"), "votes", ["rule", "repository_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_votes_rule_repository_id"), table_name="votes")
