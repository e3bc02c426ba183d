"""One portal: its context, connection, settings, forgotten people; what follows from changes."""
