"""The lead download of the ads tool: tab-separated UTF-16 with a byte order mark, named .csv."""

from __future__ import annotations

from pathlib import Path

_HEADER = (
    "id\tcreated_time\tad_id\tad_name\tcampaign_id\tcampaign_name\tform_id\tis_organic\tplatform\temail\tfull_name"
    "\tphone_number\tzip_code\twhich_room?\tlead_status"
)
_ROWS = (
    # also fetched: the fetched answers win
    "l:510000000000001\t2025-03-05T02:00:00-05:00\tag:6001\tA\tc:6003\tLamp weeks\tf:6004\tfalse\tig\told@example.com"
    "\tHeidi B.\tp:+13125550181\tz:60601\tKitchen\tCREATED",
    "l:510000000000002\t2025-03-05T02:05:00-05:00\tag:6001\tA\tc:6003\tLamp weeks\tf:6004\tfalse\tfb"
    "\tyuki.mori@example.org\t森 ゆき\tp:+13125550183\tz:02139\tHall\tCREATED",
    "l:510000000000003\t2025-03-05T02:06:00-05:00\tag:6001\tA\tc:6003\tLamp weeks\tf:6004\tfalse\tfb\ttest@fb.com"
    "\t<test lead: dummy data for full_name>\tp:<test lead: dummy data for phone_number>\tz:\tx\tCREATED",
    "\t2025-03-05T02:07:00-05:00\tag:6001\tA\tc:6003\tLamp weeks\tf:6004\tfalse\tfb\t\t\t\t\t\tCREATED",
)


def extra_files(landing: Path) -> None:
    """Write `leads_export` of one day."""
    folder = landing / "facebook" / "leads_export" / "dt=2025-03-05"
    folder.mkdir(parents=True)
    (folder / "leads.csv").write_bytes("\r\n".join([_HEADER, *_ROWS, ""]).encode("utf-16"))
