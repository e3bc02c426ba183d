"""One portal: its resources, its context, its connection to HubSpot, its forgotten people. It uses the adapters."""
