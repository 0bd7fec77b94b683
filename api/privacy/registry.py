"""The registry: every column of every table, what it holds and whose it is.

What the words mean is in `api.privacy.kept`; each wing's tables are in a room of their own. The
order of the rooms, and within them, is the order in which tables are wiped.
"""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy import (
    of_exchange,
    of_leaving,
    of_people,
    of_plans,
    of_points,
    of_service,
    of_sign_in,
)
from api.privacy.kept import Kept

_ROOMS = (of_plans, of_exchange, of_people, of_sign_in, of_service, of_points, of_leaving)

PERSONAL: Mapping[str, Kept] = {
    table: kept for room in _ROOMS for table, kept in room.PERSONAL.items()
}

OF_NOBODY: Mapping[str, str] = {
    "bank": "slug name zone state demonstration created_at",
    "job": "kind period state owner lease_until fence cursor created_at done_at",
    "import_file": "import_id asset_code digest rows parts parts_loaded rows_loaded state attempt"
    " reason opened_by opened_at",
    "import_part": "import_id attempt n content",
} | {table: columns for room in _ROOMS for table, columns in room.OF_NOBODY.items()}
