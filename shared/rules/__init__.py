"""The rules and everything pure around them: what the live fold, `panke judge` and replays all call."""
