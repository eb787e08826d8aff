"""What the process is told, keeps with browsers, and tells: environment, sessions, log."""
