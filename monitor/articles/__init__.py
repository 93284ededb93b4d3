"""Entry -> Article: a page's text and the language it is written in."""
