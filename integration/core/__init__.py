"""What every room stands on: errors, logs, environment, vault, wake-ups, embedded servers. It knows nobody."""
