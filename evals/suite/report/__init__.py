"""The same report as HTML, Markdown, JSON and JUnit XML."""
