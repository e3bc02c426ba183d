"""The ground of every room: errors, logs, environment, vault, wake-ups, embedded servers."""
