"""Understanding messages in languages that put no space between words, by longest match over what can be named."""
