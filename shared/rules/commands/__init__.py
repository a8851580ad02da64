"""`panke judge` and `panke rulebook`: the rules from the command line."""
