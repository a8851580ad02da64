"""The registers over HTTP: lists, cards, boards and reports, each within the reach of who asks."""
