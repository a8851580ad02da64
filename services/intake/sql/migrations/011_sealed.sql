-- Whether personal texts stand under seal. A journal is of one kind for good: a contact in clear and its id are two.
ALTER TABLE intake.deployment ADD COLUMN sealed boolean NOT NULL DEFAULT false;
