"""MQTT: live values for whoever listens to a broker."""

from pilotline_edge.mqtt.address import BrokerAddress, is_broker
from pilotline_edge.mqtt.feed import MAX_VALUES, MqttFeed

__all__ = ["MAX_VALUES", "BrokerAddress", "MqttFeed", "is_broker"]
