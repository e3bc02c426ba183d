"""Install and operate: connect, provision, repair, pause, replay, keep house, leave."""
