"""MQTT: live values for whoever listens to a broker."""

from pilotline_edge.mqtt.address import (
    BrokerAddress,
    credentials,
    is_broker,
    library,
    tls_context,
)
from pilotline_edge.mqtt.feed import MAX_VALUES, MqttFeed
from pilotline_edge.mqtt.instants import instant, instant_ns

__all__ = [
    "MAX_VALUES",
    "BrokerAddress",
    "MqttFeed",
    "credentials",
    "instant",
    "instant_ns",
    "is_broker",
    "library",
    "tls_context",
]
