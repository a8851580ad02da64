"""What the console asks of the other services, in the name of whoever is signed in."""
