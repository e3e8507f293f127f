"""`--record` writes what came out into the tables of docs/clients*.md: client, protocol, version, date, result."""

from collections.abc import Generator, Sequence
from datetime import UTC, datetime

import pytest

from tests.clients.programs.table import PROGRAMS, Program
from tests.clients.running import ROOT

BEGIN, END = "<!-- results -->", "<!-- /results -->"
PAGES = {
    "clients.md": ("Client", "Protocol", "Version", "Date", "Result", "ran a tool", "failed"),
    "clients.ru.md": ("Клиент", "Протокол", "Версия", "Дата", "Итог", "выполнил инструмент", "не получилось"),
}
outcomes: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the results into docs/clients*.md")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        outcomes[item.name] = report.outcome
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not session.config.getoption("--record"):
        return
    results = [(program, outcomes.get(f"test_it_runs_a_tool[{name_of(program)}]", "")) for program in PROGRAMS]
    for page, words in PAGES.items():
        path = ROOT / "docs" / page
        before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        path.write_text(f"{before}{BEGIN}\n{_table(words, results)}{END}{after}", encoding="utf-8")


def name_of(program: Program) -> str:
    return f"{program.name} by {program.protocol}"


def _table(words: Sequence[str], results: Sequence[tuple[Program, str]]) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    *columns, passed, failed = words
    lines = [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    lines += [
        f"| {each.name} | {each.protocol} | {each.version} | {today} | {passed if outcome == 'passed' else failed} |"
        for each, outcome in results
        if outcome
    ]
    return "\n".join(lines) + "\n"
