-- Customers in dispute, who are few: the floor and the list of disputes ask for them among all that a scope has.
CREATE INDEX claims_in_dispute ON claims (scope, born, nth, customer) WHERE status = 'disputed';
