"""dismissals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "dismissals",
        sa.Column("id", big, nullable=False),
        sa.Column("repository_id", big, nullable=False),
        sa.Column("number", big, nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dismissed_by", sa.Text(), nullable=False),
        sa.Column("given_in", sa.String(length=64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("restored_at", moment, nullable=True),
        sa.Column("restored_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_dismissals_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dismissals")),
        sa.UniqueConstraint("given_in", name=op.f("uq_dismissals_given_in")),
    )
    op.create_index(
        op.f("ix_dismissals_repository_id"), "dismissals", ["repository_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("dismissals")
