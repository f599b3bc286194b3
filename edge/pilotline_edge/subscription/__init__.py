"""Subscription: what a server is asked to report, and how nothing of it is lost."""
