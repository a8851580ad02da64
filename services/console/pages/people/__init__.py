"""People of an office: who works there, who comes and goes, the shift, and whose customers are handed over."""
