"""From the journal to the registers: facts in their order, folded by the rules, posted as versions of rows; pure."""
