"""One portal: its context, its connection to HubSpot, its forgotten people. It uses the adapters."""
