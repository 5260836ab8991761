"""What comes after scoring: a model's say, business rules, diversity, exploration; each step leaves its reason."""
