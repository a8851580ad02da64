"""Decisions and records in words, in Chinese and English."""
