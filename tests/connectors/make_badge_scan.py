"""A stand's list from a Chinese fair: GB18030, semicolons, no event column (the file's name tells), Chinese headers."""

from __future__ import annotations

from pathlib import Path

LIST = """胸卡号;姓名;手机;公司;扫码时间;备注
B7001;罗大海;13700000151;大海贸易;2025/03/06 09:30;要样品
"""


def extra_files(landing: Path) -> None:
    """Write the list beside the other stand's file."""
    folder = landing / "badge_scan" / "scans" / "dt=2025-03-07"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "canton_2025.csv").write_bytes(LIST.encode("gb18030"))
