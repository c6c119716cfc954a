"""Exports of four marketplaces: GB18030, numbers as ="…", rows repeated per article, masked and encrypted buyers."""

from __future__ import annotations

from pathlib import Path


def extra_files(landing: Path) -> None:
    """Write the files below `landing`."""
    day = "dt=2025-03-06"
    orders, refunds, reviews = (landing / "marketplace" / name for name in ("orders", "refunds", "reviews"))
    # Platform and shop stand in the file's name. One row per order; the buyer's name is encrypted for the shop.
    _write(
        orders / day / "tmall_flagship_订单.csv",
        "gb18030",
        [
            "订单编号,买家会员名,买家实际支付金额,总金额,订单状态,收货人姓名,收货地址,联系手机,订单创建时间,订单付款时间",
            '="2500000000000009001",AAGx9enc01,"1,088.00","1,188.00",交易成功,张**,上海 样例路***,138****1234,'
            "2025-03-05 10:00:00,2025-03-05 10:01:00",
            '="2500000000000009002",AAGx9enc01,88.00,88.00,交易关闭,孟晓,杭州市西湖区样例巷3号,13800006060-4321,'
            "2025-03-05 11:00:00,",
            "2.50E+18,t**1,88.00,88.00,交易成功,张**,,,2025-03-05 11:00:00,",
        ],
    )
    # The articles of the same orders come as another file.
    _write(
        orders / day / "tmall_flagship_宝贝.csv",
        "gb18030",
        [
            "订单编号,标题,价格,购买数量,外部系统编号",
            '="2500000000000009001",龙井礼盒,594.00,2,TEA-01',
            '="2500000000000009002",茶杯,88.00,1,CUP-01',
        ],
    )
    # JD: the order's amounts and receiver stand on every row of the order; the account is masked.
    _write(
        orders / day / "京东订单.csv",
        "utf-8-sig",
        [
            "平台,店铺名称,订单号,商品ID,商品名称,订购数量,京东价,订单金额,应付金额,下单时间,付款时间,订单状态,下单帐号,客户姓名,客户地址,联系电话",
            "京东,茶京东店,301000009001,10001,红茶,1,60.00,160.00,150.00,2025/3/5 9:00,2025/3/5 9:05,完成,jd_****x1,"
            "孟晓,杭州市西湖区样例巷3号,13800006060",
            "京东,茶京东店,301000009001,10002,绿茶,2,50.00,160.00,150.00,2025/3/5 9:00,2025/3/5 9:05,完成,jd_****x1,"
            "孟晓,杭州市西湖区样例巷3号,13800006060",
        ],
    )
    # Douyin: amounts per line.
    _write(
        orders / day / "export.csv",
        "utf-8",
        [
            "平台,店铺ID,主订单编号,子订单编号,选购商品,商家编码,商品数量,商品单价,订单应付金额,支付完成时间,订单提交时间,订单状态,open_id,收件人手机号",
            "抖音,dy88,4800000000009001,'4800000000009001,茶杯,CUP-01,1,88.00,80.00,2025-03-05 20:00:10,"
            "2025-03-05 20:00:00,已完成,AAGx9enc01,1**********",
            "抖音,dy88,4800000000009001,'4800000000009002,茶盘,TRAY-1,1,120.00,120.00,2025-03-05 20:00:10,"
            "2025-03-05 20:00:00,已完成,AAGx9enc01,1**********",
        ],
    )
    # Amazon: tabs, times with an offset, amounts of the line; the address of the relay is the buyer's id.
    _write(
        orders / day / "amazon_us_orders.csv",
        "utf-8",
        [
            "order-id\torder-item-id\tpurchase-date\tpayments-date\tbuyer-email\tbuyer-name\tsku\tproduct-name\t"
            "quantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\titem-promotion-discount\torder-status",
            "111-2222222-3333333\t44444444444444\t2025-03-05T10:00:00-08:00\t2025-03-05T10:02:00-08:00\t"
            "abc123@marketplace.amazon.com\tDana Reed\tCUP-01\tTea cup\t2\tUSD\t40.00\t3.20\t5.00\t-4.00\tShipped",
        ],
    )
    # Another report writes Pacific time, in summer too.
    _write(
        orders / day / "amazon_us_payments.csv",
        "utf-8",
        [
            '"date/time","order-id","sku","quantity","item-price","order-status","currency"',
            '"Mar 5, 2025 2:03:11 AM PST","111-2222222-4444444","CUP-01","1","20.00","Shipped","USD"',
            '"Mar 15, 2025 2:03:11 AM PDT","111-2222222-5555555","CUP-01","1","20.00","Pending","USD"',
        ],
    )
    # The next day the Tmall order is exported again, with a new state.
    _write(
        orders / "dt=2025-03-07" / "tmall_flagship_订单.csv",
        "gb18030",
        [
            "订单编号,买家会员名,买家实际支付金额,总金额,订单状态,收货人姓名,收货地址,联系手机,订单创建时间,订单付款时间",
            '="2500000000000009002",AAGx9enc01,88.00,88.00,交易成功,孟晓,杭州市西湖区样例巷3号,13800006060-4321,'
            "2025-03-05 11:00:00,2025-03-06 08:00:00",
        ],
    )
    _write(
        refunds / day / "tmall_flagship_退款.csv",
        "gb18030",
        [
            "退款编号,订单编号,买家退款金额,退款状态,退款申请时间,退款完结时间",
            '="7700000009001",="2500000000000009001",594.00,退款成功,2025-03-06 09:00:00,2025-03-06 10:00:00',
            '="7700000009002",="2500000000000009002",88.00,退款关闭,2025-03-06 09:00:00,2025-03-06 11:00:00',
        ],
    )
    _write(
        reviews / day / "tmall_flagship_评价.csv",
        "gb18030",
        [
            "订单编号,商家编码,评分,评价内容,追评,评价时间,买家昵称",
            '="2500000000000009001",TEA-01,5分,茶香,还会回购,2025-03-06 12:00:00,张**',
        ],
    )
    _write(
        reviews / day / "amazon_us_reviews.csv",
        "utf-8",
        ["review-id,asin,rating,review-body,review-date", "R1TEST,CUP-01,2.0,Chipped on arrival,2025-03-06T08:00:00Z"],
    )


def _write(path: Path, encoding: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
