"""Today's floor: who receives, what happens, what lapses, what waits for whom."""
