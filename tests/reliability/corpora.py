"""What attackers write where a name is expected: SQL, LIKE, paths, and texts that databases and encoders choke on."""

SQL = (
    "'",
    '"',
    "' OR '1'='1",
    "' OR 1=1 --",
    "1; DROP TABLE requests; --",
    "'; DELETE FROM api_keys; --",
    "' UNION SELECT NULL, NULL, NULL --",
    "1) OR (1=1",
    "$1",
    ":id",
    "%(id)s",
    "?",
    "'; SELECT pg_sleep(5); --",
    "' || pg_sleep(5) || '",
    "\\'; DROP TABLE tenants; --",
    "{} {0} {id}",
)
LIKE = ("%", "_", "%%", "\\%", "%a%", "________", "[a-z]%", "*")
PATHS = (
    "..",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "file:///etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e%2fadmin%2fapi%2fkeys",
    "a/../../admin/api/keys",
    "~root",
    "C:\\boot.ini",
)
ODD = (
    "\x00",
    "a\x00b",
    "\x7f\x1b[31m",
    "\u202e\u2066",
    "\ufffe",
    "ｄｒｏｐ",
    "🌉" * 50,
    "a" * 5000,
    "-1",
    "1e309",
    "NaN",
)
ALL = (*SQL, *LIKE, *PATHS, *ODD)
