"""Text and tables: sentences for language models, tagged words, columns of numbers."""
