"""what the history pages show: tallies, the code of a finding, and indexes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
json = sa.JSON().with_variant(JSONB(), "postgresql")
INDEXES = (
    ("findings", ("repository_id", "id")),
    ("findings", ("rule", "id")),
    ("findings", ("rule", "state", "repository_id")),
    ("findings", ("state", "id")),
    ("findings", ("pull_request_id", "state", "group", "severity")),
    ("reviews", ("repository_id", "id")),
    ("pull_requests", ("state", "repository_id")),
    ("pull_requests", ("repository_id", "state", "number")),
    ("dismissals", ("rule", "id")),
    ("audit", ("repository_id",)),
)
REPOSITORY = "(SELECT repository_id FROM pull_requests WHERE pull_requests.id = pull_request_id)"
DAY = {
    "sqlite": "substr({}, 1, 10)",
    "postgresql": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
SECONDS = {
    "sqlite": "CAST(round((julianday(updated_at) - julianday(created_at)) * 86400) AS INTEGER)",
    "postgresql": "CAST(round(extract(epoch FROM updated_at - created_at)) AS BIGINT)",
}


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("repository_id", big, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("group", sa.String(32), nullable=False),
        sa.Column("found", big, nullable=False),
        sa.Column("fixed", big, nullable=False),
        sa.Column("fix_seconds", big, nullable=False),
        sa.Column("reviews", big, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "day", "group", name=op.f("pk_tallies")),
    )
    op.add_column("findings", sa.Column("repository_id", big, nullable=True))
    op.add_column("findings", sa.Column("frame", json, nullable=True))
    op.add_column("reviews", sa.Column("repository_id", big, nullable=True))
    for table in ("findings", "reviews"):
        op.execute(f"UPDATE {table} SET repository_id = {REPOSITORY}")  # noqa: S608
    for table, columns in INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)
    _count_what_is_there(op.get_bind().dialect.name)


def _count_what_is_there(dialect: str) -> None:
    def day(column: str) -> str:
        return DAY[dialect].format(column)

    parts = f"""
        SELECT repository_id, {day("created_at")} AS day, "group", 1 AS found, 0 AS fixed,
               0 AS fix_seconds, 0 AS reviews FROM findings
        UNION ALL
        SELECT repository_id, {day("updated_at")}, "group", 0, 1, {SECONDS[dialect]}, 0
        FROM findings WHERE state = 'fixed'
        UNION ALL
        SELECT repository_id, {day("finished_at")}, '', 0, 0, 0, 1
        FROM reviews WHERE state = 'done' AND finished_at IS NOT NULL
    """  # noqa: S608 every part is ours
    for where in ("repository_id", "0"):
        op.execute(
            f"""INSERT INTO tallies
            SELECT {where}, day, "group", sum(found), sum(fixed), sum(fix_seconds), sum(reviews)
            FROM ({parts}) AS everything WHERE repository_id IS NOT NULL
            GROUP BY {where if where != "0" else "day"}, day, "group" """  # noqa: S608
        )


def downgrade() -> None:
    for table, columns in INDEXES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)
    op.drop_column("reviews", "repository_id")
    op.drop_column("findings", "frame")
    op.drop_column("findings", "repository_id")
    op.drop_table("tallies")
