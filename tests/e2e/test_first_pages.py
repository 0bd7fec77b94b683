"""The first page of each side, as people see it."""

from tests.e2e.screens import Screens, sideways, too_small, violations
from tests.e2e.site import Site


def test_home_is_fit_for_everybody(site: Site, screens: Screens) -> None:
    """Axe finds nothing, and every target is large enough, in both modes."""
    _, token = site.earned(128)
    for look, least_px in (("zh.plain.light", 44), ("zh.large.light", 60)):
        page = screens.phone("/me", token, look=look)
        assert [] == violations(page)
        assert [] == too_small(page, least_px)
        assert not sideways(page)
