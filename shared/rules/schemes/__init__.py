"""Schemes (登记方案): what differs between the registers and reports of offices, as cited and versioned YAML."""
