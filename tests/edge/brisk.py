"""Agents that look about them oftener than in a plant, so that tests wait for events alone."""

import pytest

_EDGE = "pilotline_edge."
_PERIODS_S = {
    "agent._STATUS_S": 0.1,
    "fleet.reload._LOOK_S": 0.2,
    "link.housekeeping._HOUSEKEEPING_S": 0.1,
    "backfill.backfill._LOOK_S": 0.1,
    "forwarding.forwarder._IDLE_S": 0.05,
    "forwarding.forwarder._RETRY_CAP_S": 1.0,
    "link.link._RECONNECT_CAP_S": 1.0,
}
"""How often an agent writes its status, looks at its plant file, and so on; no deadline of any."""

_HISTORY_WAITS_S = (0.1, 0.2, 0.4, 0.8, 0.8, 0.8)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the periods of agents in this process; what they promise within stays as it is."""
    for name, period_s in _PERIODS_S.items():
        monkeypatch.setattr(_EDGE + name, period_s)
    monkeypatch.setattr(_EDGE + "backfill.reading._WAITS_S", _HISTORY_WAITS_S)
