"""Tables of the command line."""

from cdp_pipeline.cli._common import table


def test_columns_stay_in_line_beside_chinese_text() -> None:
    rows = [("电话核实", "b", 7), ("a", "同", 12)]
    # each of the characters takes two columns of a terminal
    assert table(["reason", "by", "n"], rows) == "reason    by   n\n电话核实  b    7\na         同  12"
