"""MQTT: live values for whoever listens to a broker."""

from pilotline_edge.mqtt.address import (
    BrokerAddress,
    credentials,
    is_broker,
    library,
    tls_context,
)
from pilotline_edge.mqtt.conditions import LEVEL as CONDITIONS
from pilotline_edge.mqtt.conditions import condition_key
from pilotline_edge.mqtt.feed import MAX_VALUES, MqttFeed
from pilotline_edge.mqtt.instants import instant, instant_ns
from pilotline_edge.mqtt.link import BrokerLink, BrokerSession

__all__ = [
    "CONDITIONS",
    "MAX_VALUES",
    "BrokerAddress",
    "BrokerLink",
    "BrokerSession",
    "MqttFeed",
    "condition_key",
    "credentials",
    "instant",
    "instant_ns",
    "is_broker",
    "library",
    "tls_context",
]
