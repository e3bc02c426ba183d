"""Admin: install, provision, repair, pause, replay, housekeeping, uninstall."""
