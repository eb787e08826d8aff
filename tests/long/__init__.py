"""What takes too long for every change: every kill, every fault, long absences."""
