"""Scopes held in memory as registers, brought up to date before each answer, in processes apart from the service's."""
