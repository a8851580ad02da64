"""Registers and reports of a sales office: views of the journal, in the forms that offices know."""
