"""One module for each command word; `app` in it is the typer application."""
