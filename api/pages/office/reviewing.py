"""The pages of reviews, lists, pairs, ranking, figures and books, in the order of their routes."""

from __future__ import annotations

from api.pages.office import (
    books,
    exchange,
    figures,
    lists,
    pairs,
    ranking,
    review,
    reviews,
    rota,
    thanks,
)

PAGES = (reviews, review, lists, rota, pairs, ranking, thanks, figures, exchange, books)
