"""What HubSpot's records say, and look-ups beside them."""
