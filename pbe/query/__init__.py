"""The filter and rule language, compiled to parametrised SQL."""
