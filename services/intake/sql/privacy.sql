-- What is held on a person, and who was erased.

-- name: facts_by_ids
SELECT fact.seq, fact.body FROM intake.event_ids AS known JOIN intake.facts AS fact USING (scope, seq)
WHERE known.scope = %(scope)s AND known.id = ANY(%(ids)s::uuid[]) ORDER BY fact.seq

-- name: facts_that_name
-- Looks through all of a scope. Asked for a copy of what is held alone, of which an office makes a few in a year.
SELECT fact.seq, fact.body FROM intake.facts AS fact
WHERE fact.scope = %(scope)s AND fact.type <> 'person.erased' AND EXISTS (
    SELECT FROM unnest(%(people)s::text[]) AS person (id) WHERE position(convert_to(person.id, 'UTF8') IN fact.body) > 0
)
ORDER BY fact.seq

-- name: entries_that_point
-- Likewise: entries of the registers in which one of these ids stands.
SELECT fact.seq, fact.body FROM intake.facts AS fact
WHERE fact.scope = %(scope)s AND fact.type = ANY(%(types)s) AND EXISTS (
    SELECT FROM unnest(%(ids)s::text[]) AS said (id)
    WHERE position(convert_to('"' || said.id || '"', 'UTF8') IN fact.body) > 0
)
ORDER BY fact.seq

-- name: erasures
SELECT fact.scope, fact.seq, fact.id::text, fact.recorded_at, fact.body FROM intake.facts AS fact
WHERE fact.type = 'person.erased' AND (%(scope)s::text IS NULL OR fact.scope = %(scope)s)
ORDER BY fact.scope, fact.seq

-- name: last_of_scope
SELECT seq FROM intake.heads WHERE scope = %(scope)s

-- name: recorded_when
-- Every event of a scope with when it was recorded. Asked for what is overdue alone, of which a job asks once a month.
SELECT fact.recorded_at, fact.body FROM intake.facts AS fact WHERE fact.scope = %(scope)s
