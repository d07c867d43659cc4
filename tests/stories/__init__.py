"""Stories across the river, in the marketer's words."""
