"""The `pilotline` command: how the parts are started and put together."""
