"""Who looks: signing in, the session of a browser, and what stands before every page."""
