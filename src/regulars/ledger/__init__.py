"""Points kept: balanced transfers, lots with a date, holds, and the proof that they add up."""
