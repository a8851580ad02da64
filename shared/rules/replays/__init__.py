"""Facts judged again with something changed, and what that moves (contract.md#replays): pure, scope by scope."""
