"""The calls of attribution over HTTP (contract.md#calls-of-attribution): handlers translate, ask once, and answer."""
