"""Polling: reads tags by the Read service, where a server has no subscription for them."""

from pilotline_edge.polling.group import PollingGroup
from pilotline_edge.polling.poll import Poll
from pilotline_edge.polling.poller import Poller
from pilotline_edge.polling.room import regroup

__all__ = ["Poll", "Poller", "PollingGroup", "regroup"]
