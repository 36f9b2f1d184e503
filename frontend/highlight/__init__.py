"""BrainScript for editors and for pages: a TextMate grammar and a Pygments lexer."""
