"""`python -m pilotline`."""

from pilotline.main import run

run()
