"""Makes realistic pilot-line problems of any size."""

from pilotline_scheduler.generator.features import Feature
from pilotline_scheduler.generator.generate import generate

__all__ = ["Feature", "generate"]
