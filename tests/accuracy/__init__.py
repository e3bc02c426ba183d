"""How right the app is: development data goes in through a local HubSpot, the app's conclusions are scored."""
