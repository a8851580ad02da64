"""Reports that offices want by themselves: when they are due, asked of the registers, made out to who reads them."""
