"""Trial runs, bookings, plans, solves, and machine time that cannot overlap."""

import sqlalchemy as sa
from alembic import op

from pilotline_api.kit.base import UtcDateTime

revision = "0003_runs_and_plans"
down_revision = "0002_alarms"
branch_labels = None
depends_on = None

_BELONGING_TO_AN_ORGANISATION = ("trial_run", "operation", "booking", "slot")

_OVERLAP_SQLITE = """
CREATE TRIGGER occupancy_no_overlap_{event}
BEFORE {event} ON occupancy
WHEN EXISTS (
    SELECT 1 FROM occupancy AS other
    WHERE other.machine = NEW.machine
      AND other.starts_at < NEW.ends_at
      AND NEW.starts_at < other.ends_at
      AND other.id IS NOT NEW.id
)
BEGIN
    SELECT RAISE(ABORT, 'occupancy overlaps');
END
"""

_OVERLAP_POSTGRESQL = """
ALTER TABLE occupancy ADD CONSTRAINT occupancy_no_overlap
EXCLUDE USING gist (machine WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&)
"""

_WALL_POSTGRESQL = """
CREATE POLICY organisation_wall ON {table}
USING (current_setting('pilotline.organisation', true) IN ('*', organisation_id))
"""


def upgrade() -> None:
    """Apply."""
    _runs()
    _operations()
    _bookings()
    _plans()
    _slots()
    _solves()
    _occupancy()
    if op.get_context().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        op.execute(_OVERLAP_POSTGRESQL)
        for table in _BELONGING_TO_AN_ORGANISATION:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(_WALL_POSTGRESQL.format(table=table))
    else:
        for event in ("INSERT", "UPDATE"):
            op.execute(_OVERLAP_SQLITE.format(event=event))
    op.execute("INSERT INTO publication (id, version, plan_id) VALUES (1, 0, NULL)")


def downgrade() -> None:
    """Take back."""
    for table in (
        "occupancy",
        "solve_incumbent",
        "solve",
        "slot",
        "publication",
        "plan",
        "booking",
        "operation",
        "trial_run",
    ):
        op.drop_table(table)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(32), primary_key=True)


def _text(name: str, length: int = 64, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=optional)


def _instant(name: str, *, optional: bool = False, index: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcDateTime(), nullable=optional, index=index)


def _of(name: str, target: str, *, optional: bool = False, index: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(f"{target}.id")
    return sa.Column(name, sa.String(32), key, nullable=optional, index=index)


def _runs() -> None:
    op.create_table(
        "trial_run",
        _id(),
        _of("organisation_id", "organisation", index=True),
        _of("requested_by", "user"),
        _text("title", 200),
        _text("procedure"),
        _text("procedure_name", 200),
        sa.Column("size", sa.Double, nullable=False),
        _instant("release"),
        _instant("due"),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("attendance", sa.JSON, nullable=False),
        _instant("created_at"),
        _instant("cancelled_at", optional=True),
        _instant("planned_start", optional=True),
        _instant("planned_end", optional=True, index=True),
        _text("announced_status", 16),
    )
    op.create_index("ix_trial_run_created_at_id", "trial_run", ["created_at", "id"])


def _operations() -> None:
    op.create_table(
        "operation",
        _id(),
        _of("run_id", "trial_run", index=True),
        _of("organisation_id", "organisation"),
        _text("step"),
        sa.Column("position", sa.Integer, nullable=False),
        _text("name", 200),
        _text("capability"),
        sa.Column("minutes", sa.Integer, nullable=False),
        _text("setup_state", optional=True),
        sa.Column("pools", sa.JSON, nullable=False),
        sa.Column("pausable", sa.Boolean, nullable=False),
        sa.Column("attended", sa.Boolean, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
    )


def _bookings() -> None:
    op.create_table(
        "booking",
        _id(),
        _of("organisation_id", "organisation", index=True),
        _text("machine"),
        _text("title", 200),
        _instant("starts_at"),
        _instant("ends_at", index=True),
        _instant("created_at"),
        _of("created_by", "user"),
    )


def _plans() -> None:
    op.create_table(
        "plan",
        _id(),
        sa.Column("version", sa.Integer, nullable=False, unique=True),
        _text("status", 16),
        _text("title", 200),
        _instant("created_at"),
        _instant("published_at", optional=True),
        _of("created_by", "user"),
        sa.Column("solver", sa.JSON, nullable=False),
        sa.Column("kpis", sa.JSON, nullable=False),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        _of("plan_id", "plan", optional=True),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _slots() -> None:
    op.create_table(
        "slot",
        _id(),
        _of("plan_id", "plan", index=True),
        _of("organisation_id", "organisation", index=True),
        _of("run_id", "trial_run", index=True),
        _of("operation_id", "operation", index=True),
        _text("machine"),
        _instant("setup_start"),
        _instant("starts_at"),
        _instant("ends_at"),
        _text("setup_state", optional=True),
        sa.CheckConstraint("setup_start <= starts_at AND starts_at < ends_at", name="in_order"),
    )


def _solves() -> None:
    op.create_table(
        "solve",
        _id(),
        _text("status", 16),
        sa.Column("active", sa.Boolean, nullable=True, unique=True),
        _text("title", 200),
        _of("requested_by", "user"),
        _instant("created_at", index=True),
        _instant("started_at", optional=True),
        _instant("ended_at", optional=True),
        sa.Column("time_limit_s", sa.Double, nullable=False),
        sa.Column("workers", sa.Integer, nullable=True),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("publish_when_done", sa.Boolean, nullable=False),
        _instant("cancel_requested_at", optional=True),
        _instant("lease_until", optional=True),
        sa.Column("wall_s", sa.Double, nullable=False),
        sa.Column("objective", sa.BigInteger, nullable=True),
        sa.Column("bound", sa.BigInteger, nullable=True),
        sa.Column("gap_pct", sa.Double, nullable=True),
        sa.Column("incumbents", sa.Integer, nullable=False),
        _of("plan_id", "plan", optional=True),
        _text("message", 2000, optional=True),
    )
    op.create_table(
        "solve_incumbent",
        sa.Column(
            "solve_id",
            sa.String(32),
            sa.ForeignKey("solve.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("wall_s", sa.Double, nullable=False),
        sa.Column("objective", sa.BigInteger, nullable=False),
        sa.Column("bound", sa.BigInteger, nullable=True),
    )


def _occupancy() -> None:
    op.create_table(
        "occupancy",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        _text("machine"),
        _instant("starts_at"),
        _instant("ends_at"),
        _reason("booking"),
        _reason("slot"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("(booking_id IS NULL) <> (slot_id IS NULL)", name="one_reason"),
    )
    op.create_index(
        "ix_occupancy_machine_starts_at_ends_at", "occupancy", ["machine", "starts_at", "ends_at"]
    )


def _reason(table: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(f"{table}_id", sa.String(32), key, nullable=True, unique=True)
