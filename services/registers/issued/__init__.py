"""Reports that were issued: kept as they were, and taken from one stage to the next (审核、审批、归档)."""
