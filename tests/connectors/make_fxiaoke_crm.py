"""An export of the user interface: Chinese labels, GB18030, local times, a number that a spreadsheet damaged."""

from __future__ import annotations

from pathlib import Path


def extra_files(landing: Path) -> None:
    """Write the file below `landing`."""
    folder = landing / "fxiaoke_crm" / "ContactObj" / "dt=2025-03-07"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "数据ID,姓名,性别,手机,电话,邮箱,生日,客户名称,创建时间,最后修改时间",
        "64aa0000000000000000c004,薛冰,女,13800002468,021-64005678,xue.bing@example.com,1990-07-01,样例食品厂,"
        "2025-03-04 09:30,2025-03-06 18:00",
        "64aa0000000000000000c005,龙飞,男,1.38E+10,,,,样例食品厂,2025/3/4 9:30,2025/3/6 18:00",
    ]
    (folder / "联系人.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("gb18030"))
