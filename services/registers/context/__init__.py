"""What the posting goes by besides facts: what the journal leaves out, and by which texts of rulebooks is judged."""
