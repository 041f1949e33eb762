"""`edgetpu-ci serve`: what a store and a host tell, over HTTP: metrics, health, and a page for people."""
