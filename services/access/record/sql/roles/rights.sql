-- The record of access is read and added to, and that is all.
GRANT SELECT, INSERT ON access_record.entries TO {access};
