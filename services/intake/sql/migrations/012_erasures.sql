-- Who was erased is asked for each erasure, and after each restore of the vault.
CREATE INDEX erasures ON intake.facts (scope, seq) WHERE type = 'person.erased';
