"""Key performance indicators of a plan, worked out from problem and plan alone."""

from pilotline_scheduler.kpis.kpis import ClientKpis, Kpis, MachineKpis, PoolKpis, kpis_of

__all__ = ["ClientKpis", "Kpis", "MachineKpis", "PoolKpis", "kpis_of"]
