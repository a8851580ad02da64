"""When somebody is told: office hours, the ladder of reminders, the plans of a deployment. Pure."""
