"""What a view gets and what it returns, made a response: the rules that all frameworks share. No framework here."""
