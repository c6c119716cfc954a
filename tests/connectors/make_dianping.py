"""Exports of the merchant's back office: Chinese headers, GB18030, two scales of scores, ids that may be missing."""

from __future__ import annotations

from pathlib import Path


def extra_files(landing: Path) -> None:
    """Write the files below `landing`."""
    _write(
        landing / "dianping" / "reviews" / "dt=2025-03-06" / "评价.csv",
        [
            "评价ID,门店名称,用户昵称,星级,口味,环境,服务,评价内容,评价时间,商家回复,回复时间",
            "R9000001,样例餐厅(静安店),爱吃的猫,4.5,4.5,4.0,5.0,上菜很快,2025-03-05 19:20:00,再来,2025-03-06 10:00:00",
            "R9000002,样例餐厅(静安店),匿名用户,35,30,35,40,有点吵,2025-03-05 20:00,,",
        ],
    )
    without_id = [
        "门店名称,用户昵称,总评分,评价内容,评价时间",
        "样例餐厅(徐汇店),小鹿,5,环境好,2025-03-05 12:00:00",
        "样例餐厅(徐汇店),小鹿,5,环境好,2025-03-05 12:00:00",
        "样例餐厅(徐汇店),小鹿,4,又来了,2025-03-05 12:00:00",
        "样例餐厅(徐汇店),小鹿,4,时间坏了,3天前",
    ]
    _write(landing / "dianping" / "reviews" / "dt=2025-03-07" / "评价.csv", without_id)
    _write(
        landing / "dianping" / "vouchers" / "dt=2025-03-06" / "验券.csv",
        [
            "券码,团购名称,售价,结算价,验券时间,验券门店,手机号",
            '000012349999,双人下午茶,"¥1,128.00",1015.20,2025-03-05 18:30:12,样例餐厅(静安店),138****9999',
            "'012345678901,单人午餐,48.00,43.20,2025-03-05 12:05:00,样例餐厅(静安店),138****9999",
        ],
    )


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("gb18030"))
