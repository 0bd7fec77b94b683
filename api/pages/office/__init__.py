"""Pages of a desk: what waits, needs, people, reviews, lists, figures; a shop owner's, too."""
