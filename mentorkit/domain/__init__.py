"""The nouns of mentoring and their rules: frozen values, standard library only."""
