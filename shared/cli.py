"""The `panke` command."""


def main() -> None:
    raise SystemExit("panke: no command is installed yet")
