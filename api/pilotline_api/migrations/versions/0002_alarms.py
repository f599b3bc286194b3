"""Alarms."""

import sqlalchemy as sa
from alembic import op

from pilotline_api.kit.base import UtcDateTime

revision = "0002_alarms"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("machine", sa.String(128), nullable=False),
        sa.Column("tag", sa.String(128), nullable=True),
        sa.Column("open_key", sa.String(300), nullable=True, unique=True),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("message", sa.String(500), nullable=False),
        sa.Column("value", sa.Double, nullable=True),
        sa.Column("limit", sa.Double, nullable=True),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by_id", sa.String(32), nullable=True),
        sa.Column("acknowledged_by_name", sa.String(200), nullable=True),
        sa.Column("comment", sa.String(500), nullable=True),
    )
    op.create_index("ix_alarm_raised_at_id", "alarm", ["raised_at", "id"])
    op.create_index("ix_alarm_machine_raised_at_id", "alarm", ["machine", "raised_at", "id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("alarm")
