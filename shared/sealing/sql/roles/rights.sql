-- Whoever opens reads; who is new is added by intake alone, which also notes by which keys. People are erased, and
-- brought under other keys, by commands of the owner.
GRANT SELECT ON vault.people, vault.keys, vault.erasures TO {intake}, {attribution}, {notifier}, {audit}, {registers};
GRANT INSERT ON vault.people, vault.keys TO {intake};
GRANT DELETE ON vault.keys TO {intake};
