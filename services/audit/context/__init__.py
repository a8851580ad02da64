"""What the judging goes by besides facts: texts of rulebooks, and which facts do not count."""
