"""Reading a bank's line: from its text and amount to how probable each category is, and why; pure."""
