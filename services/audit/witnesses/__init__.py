"""Witnesses, whose cosignatures a checkpoint may need before it is shown."""
