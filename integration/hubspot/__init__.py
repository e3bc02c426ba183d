"""The HubSpot adapter: only this room knows the API."""
