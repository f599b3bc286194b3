"""A running API for these tests."""

from tests.api.live.fixtures import api, module_api

__all__ = ["api", "module_api"]
