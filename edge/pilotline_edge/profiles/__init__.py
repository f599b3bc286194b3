"""Profiles: what is known of servers that a server does not say of itself, or says wrongly."""

from pilotline_edge.profiles.known import GENERIC, PROFILES
from pilotline_edge.profiles.profile import Build, Profile
from pilotline_edge.profiles.recognition import profile_of, recognise

__all__ = ["GENERIC", "PROFILES", "Build", "Profile", "profile_of", "recognise"]
