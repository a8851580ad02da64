-- How far somebody reaches who reads alerts: scopes as a whole, offices of scopes, and what is somebody's own.

-- At an office: the person whom the alert is for, or whose claim it is about, works there. Own: it was for them or went to
-- them, or the claim on its customer is theirs now, also where that customer has gone into another.
CREATE FUNCTION alert_reached(
    alert uuid, of_scope text, of_customer text, of_staff text, of_owner text,
    scopes text[], office_scopes text[], offices text[], own_scopes text[], own text[]
) RETURNS boolean LANGUAGE sql STABLE
RETURN of_scope = ANY (scopes)
    OR EXISTS (
        SELECT FROM unnest(office_scopes, offices) AS held (scope, office)
        JOIN staff s ON s.scope = held.scope AND s.office = held.office
        WHERE held.scope = of_scope AND s.staff IN (of_staff, of_owner))
    OR EXISTS (
        SELECT FROM unnest(own_scopes, own) AS held (scope, staff)
        WHERE held.scope = of_scope
          AND (held.staff = of_staff
               OR EXISTS (SELECT FROM attempts t WHERE t.alert = alert_reached.alert AND t.recipient = held.staff)
               OR EXISTS (
                   SELECT FROM claims c
                   LEFT JOIN claims into_which ON into_which.scope = c.scope AND into_which.customer = c.replaced_by
                   WHERE c.scope = of_scope AND c.customer = of_customer
                     AND held.staff = CASE WHEN c.replaced_by IS NULL THEN c.owner ELSE into_which.owner END)));
