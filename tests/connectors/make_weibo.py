"""A crawler's copy of comments: other column names, GB18030, times relative to the moment of the crawl."""

from __future__ import annotations

from pathlib import Path


def extra_files(landing: Path) -> None:
    """Write the file below `landing`."""
    folder = landing / "weibo" / "comments" / "dt=2025-03-07"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "comment_id,weibo_id,uid,nickname,comment_text,comment_time",
        "5000000000009901,4900000000000009,1000000000999,杭州小周,包装很好看,2025-03-06 21:05:00",
        "5000000000009902,4900000000000009,1000000000999,杭州小周,还想再买,3分钟前",
        "5000000000009903,4900000000000009,1000000000999,杭州小周,等快递,昨天 12:00",
    ]
    (folder / "crawl.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("gb18030"))
