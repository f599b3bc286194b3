"""The InfluxDB historian: 1.x by `/write`, 1.8, 2.x and 3 by `/api/v2/write`, read by InfluxQL."""

from pilotline_historian.influxdb.store import InfluxHistorian

__all__ = ["InfluxHistorian"]
