"""Recognition: which profile a server has, by what it says it is."""

from pilotline_edge.profiles.known import GENERIC, PROFILES
from pilotline_edge.profiles.profile import Build, Profile


def profile_of(name: str | None, build: Build) -> Profile:
    """Return the profile a plant file names, or else the one that a server's words tell."""
    return PROFILES[name] if name is not None else recognise(build)


def recognise(build: Build) -> Profile:
    """Return the profile of a server, `GENERIC` when nothing it says is known.

    Makers name a product differently from version to version, so words are looked for in
    manufacturer and product together, in the product's URI, and in the application's URI.
    """
    said = (f"{build.manufacturer} {build.product}", build.product_uri, build.application_uri)
    texts = [text.lower() for text in said]
    for profile in PROFILES.values():
        for group in profile.words:
            if any(all(word in text for word in group) for text in texts):
                return profile
    return GENERIC
