"""A registration export: Chinese headers, GB18030, the meeting's code in the file's name."""

from __future__ import annotations

from pathlib import Path


def extra_files(landing: Path) -> None:
    """Write the file below `landing`."""
    folder = landing / "tencent_meeting" / "registrations" / "dt=2025-03-06"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "姓名,手机号,公司,邮箱,报名时间,审批状态",
        "尤佳,13800005151,样例设计,you.jia@example.com,2025-03-04 09:00:00,已通过",
        "尤佳,138 0000 5151,样例设计,,2025-03-05 09:00:00,已通过",
        "何平,1.38E+10,,he.ping@example.com,2025-03-04 10:00:00,已拒绝",
    ]
    (folder / "报名_900009001.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("gb18030"))
