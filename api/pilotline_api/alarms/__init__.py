"""Alarms: raised by what machines do, kept, acknowledged."""
