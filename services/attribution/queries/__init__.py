"""What attribution tells: queries, the desk question, previews, and decisions in words."""
