"""VictoriaMetrics as a target that is written to, for dashboards."""

from pilotline_historian.victoriametrics.store import VictoriaMetricsHistorian

__all__ = ["VictoriaMetricsHistorian"]
