"""What is answered of a scope, beside its registers: functions of what was known, asked from another process."""
