"""`core.notice_ports.NoticeStore` in a database and in memory; `opening` is the door."""
