"""recoveries"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rounds",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("leased_until", moment, nullable=True),
        sa.Column("ran_at", moment, nullable=True),
        sa.Column("examined_until", moment, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rounds")),
    )
    op.create_table(
        "recoveries",
        sa.Column("id", big, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("guid", sa.String(length=64), nullable=True),
        sa.Column("repository_id", big, nullable=True),
        sa.Column("number", big, nullable=True),
        sa.Column("attempts", big, nullable=False),
        sa.Column("recovered_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoveries")),
        sa.UniqueConstraint("guid", name=op.f("uq_recoveries_guid")),
    )


def downgrade() -> None:
    op.drop_table("recoveries")
    op.drop_table("rounds")
