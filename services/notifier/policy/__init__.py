"""Who is told, when and how: an office's plan, its calendar and the ladder of reminders before a claim ends."""
