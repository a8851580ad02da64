"""How Panke is deployed: images, compose, the embedded parts of one machine, and the demonstration."""
