"""One portal: resources, context, connection to HubSpot, settings, forgotten people."""
