"""Old books of an office brought in: a sheet's rows read as events, and the jobs that record them."""
