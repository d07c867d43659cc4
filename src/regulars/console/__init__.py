"""The console: pages for staff that join several apps, the shell around them and their look."""
