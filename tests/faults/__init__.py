"""Faults on purpose: processes killed and stopped, databases restarted, backups restored."""
