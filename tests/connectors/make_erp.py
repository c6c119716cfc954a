"""The Chinese sheet of the ERP: GB18030, head cells on the first line of an order only, a total line at the end."""

from __future__ import annotations

from pathlib import Path

SHEET = """单据编号,单据日期,客户编码,客户名称,手机,物料编码,物料名称,数量,单位,含税单价,价税合计,平台单号,审核状态
XSD202503040001,2025-03-04,KH000123,林小雨,13700000131,0001-MUG,马克杯 蓝,3,个,"14.50","43.50",,已审核
,,,,,0001-BOX,礼盒,1,盒,"1,200.00","1,200.00",,
XSD202503040002,2025-03-04,KH000999,散客,13700000132,0001-MUG,马克杯 蓝,1,个,14.50,14.50,,已审核
XSD202503040003,2025-03-04,KH000124,示例科技有限公司,,0001-MUG,马克杯 蓝,2,个,14.50,29.00,,未审核
XSD202503040004,2025-03-04,KH000999,某某旗舰店,,0001-MUG,马克杯 蓝,2,个,14.50,29.00,,已审核
合计,,,,,,,9,,,"1,316.00",,
"""


def extra_files(landing: Path) -> None:
    """Write the sheet as a spreadsheet program on a Chinese desktop saves it."""
    folder = landing / "erp" / "order_lines" / "dt=2025-03-06"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sheet.csv").write_bytes(SHEET.replace("\n", "\r\n").encode("gb18030"))
