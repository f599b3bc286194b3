"""Personal calendar feeds (iCalendar, RFC 5545) with an address that can be taken back."""
