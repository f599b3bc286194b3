"""A worker process whose solver works until it is told to stop."""

import sys
from pathlib import Path

from pilotline_api.kit.logs import log_as_json
from pilotline_api.settings import Settings
from pilotline_api.solves.worker import run_worker
from tests.api.solves.solvers import PatientSolver

if __name__ == "__main__":
    log_as_json()
    run_worker(Settings(plant=Path(sys.argv[1]), data=Path(sys.argv[2])), PatientSolver())
