"""Samples and events as CSV, JSON Lines or Parquet, streamed to a file."""

from pilotline_historian.export.cells import json_value, value_cell
from pilotline_historian.export.events import EVENT_FORM
from pilotline_historian.export.file import ExportError, RowWriter, exporting
from pilotline_historian.export.form import Form
from pilotline_historian.export.samples import COLUMNS, SAMPLE_FORM, cells, record

__all__ = [
    "COLUMNS",
    "EVENT_FORM",
    "SAMPLE_FORM",
    "ExportError",
    "Form",
    "RowWriter",
    "cells",
    "exporting",
    "json_value",
    "record",
    "value_cell",
]
