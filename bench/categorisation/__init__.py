"""How right the categoriser is on labelled rows that are not ours to ship: measured, written down, never let slip."""
