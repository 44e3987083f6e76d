"""How fast it is: every figure measured beside its own baseline in the same run (`make bench`)."""
