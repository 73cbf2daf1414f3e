"""indexes by which is found what has to be erased"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = (
    ("pull_requests", ("state", "updated_at")),
    ("deliveries", ("installation_id",)),
    ("recoveries", ("repository_id",)),
)


def upgrade() -> None:
    for table, columns in INDEXES:
        name = f"ix_{table}_{'_'.join(columns)}"
        op.create_index(op.f(name), table, list(columns), unique=False)


def downgrade() -> None:
    for table, columns in INDEXES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)
