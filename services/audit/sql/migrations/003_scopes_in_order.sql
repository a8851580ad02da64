-- What is no fact of a scope, in the order of the log: packs of evidence are read by scope.
CREATE INDEX entries_besides_of_scopes ON entries (scope, index) WHERE kind <> 'fact';
