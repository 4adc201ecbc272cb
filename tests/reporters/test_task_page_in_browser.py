"""The page in a real browser, opened from a file as people open it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bglint import engine
from bglint.reporters import task_reporter
from bglint.reporters.context import RenderContext
from bglint.rules.registry import RULES
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Report

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "</code></summary></details><script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.fail("The tests of the page need a browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    yield driver
    driver.quit()


def written(report: Report, folder: Path) -> str:
    def lines(name: str) -> list[str]:
        return Path(name).read_text(encoding="utf-8").splitlines()

    context = RenderContext(
        cwd=str(ROOT), root=str(ROOT / "fixtures"), slow_task_ms=100, version="1", lines=lines, rules=RULES
    )
    page = folder / "tasks.html"
    page.write_text("\n".join(task_reporter("html")(report, context)), encoding="utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def report() -> Report:
    folders = [str(ROOT / "fixtures" / name) for name in ("guide", "effect_http", "misuse", "offloading")]
    return engine.run(folders, SettingsResolver(isolated=True), decisions=True)


@pytest.fixture(scope="module")
def address(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(report, tmp_path_factory.mktemp("page"))


@pytest.fixture
def page(browser: Any, address: str) -> Any:
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    return browser


def shown(page: Any) -> list[Any]:
    return [task for task in page.find_elements(By.CSS_SELECTOR, ".task") if task.is_displayed()]


def status(page: Any) -> str:
    return str(page.find_element(By.CSS_SELECTOR, "[role=status]").text)


def requests(page: Any) -> list[str]:
    """What the browser asked the network or the disk for."""
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def test_it_loads_itself_alone_and_without_an_error(page: Any, address: str, report: Report) -> None:
    assert status(page) == f"Showing all {len(report.tasks)} tasks"
    assert len(shown(page)) == len(report.tasks)
    assert [url for url in requests(page) if not url.startswith("data:")] == [address]
    assert page.get_log("browser") == []


def test_verdicts_filter(page: Any, report: Report) -> None:
    light = sum(task.verdict == "light" for task in report.tasks)
    page.find_element(By.CSS_SELECTOR, "input[value=light]").click()
    assert status(page) == f"Showing {len(report.tasks) - light} of {len(report.tasks)} tasks"
    assert {task.get_attribute("data-verdict") for task in shown(page)} == {t.verdict for t in report.tasks} - {"light"}
    assert not page.find_element(By.ID, "verdict-light").is_displayed()
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    WebDriverWait(page, 10).until(lambda _: len(shown(page)) == len(report.tasks))


@pytest.mark.parametrize(("name", "value"), [("category", "http"), ("place", "job queue")])
def test_work_and_place_filter(page: Any, report: Report, name: str, value: str) -> None:
    page.find_element(By.CSS_SELECTOR, f"select[name={name}] option[value='{value}']").click()
    expected = sum(
        (task.category if name == "category" else task.decision and task.decision.place) == value
        for task in report.tasks
    )
    assert 0 < expected < len(report.tasks)
    assert len(shown(page)) == expected
    assert {task.get_attribute(f"data-{name}") for task in shown(page)} == {value}


def test_every_word_that_is_searched_for_must_be_there(page: Any) -> None:
    field = page.find_element(By.NAME, "text")
    field.send_keys("DELIVERY requests.session")
    texts = [task.get_attribute("textContent").lower() for task in shown(page)]
    assert texts
    assert all("delivery" in text and "requests.session" in text for text in texts)
    field.send_keys(" nothing-of-that-name")
    assert shown(page) == []
    assert status(page) == "No task matches the filter"


def test_the_keyboard_reaches_and_opens_everything(page: Any) -> None:
    def focused() -> Any:
        return page.switch_to.active_element

    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert focused().text == "Skip to the tasks"
    assert focused().is_displayed()
    focused().send_keys(Keys.ENTER)
    assert focused().get_attribute("id") == "tasks"
    focused().send_keys(Keys.TAB)
    assert focused().tag_name == "summary"
    focused().send_keys(Keys.ENTER)
    opened = page.find_element(By.ID, "task-1")
    assert opened.get_attribute("open") is not None
    assert opened.find_element(By.CSS_SELECTOR, ".outcome").is_displayed()
    focused().send_keys(Keys.SPACE)
    assert opened.get_attribute("open") is None


def test_a_link_to_a_task_opens_it_whatever_the_filter(browser: Any, address: str) -> None:
    browser.get("about:blank")
    browser.get(f"{address}#task-3")
    task = browser.find_element(By.ID, "task-3")
    assert task.get_attribute("open") is not None
    browser.find_element(By.NAME, "text").send_keys("nothing-of-that-name")
    assert not browser.find_element(By.ID, "task-2").is_displayed()
    browser.execute_script("location.hash = 'task-2'")
    second = browser.find_element(By.ID, "task-2")
    WebDriverWait(browser, 10).until(lambda _: second.get_attribute("open") is not None)
    assert second.is_displayed()


def test_all_open_and_close_at_once(page: Any) -> None:
    button = page.find_element(By.NAME, "open")
    for expected in ("true", "false"):
        button.click()
        assert button.get_attribute("aria-pressed") == expected
        is_open = {task.get_attribute("open") is not None for task in page.find_elements(By.CSS_SELECTOR, ".task")}
        assert is_open == {expected == "true"}


def test_without_scripts_everything_is_there_but_the_filter(browser: Any, address: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get("about:blank")
        browser.get(address)
        assert not browser.find_element(By.CSS_SELECTOR, ".filters").is_displayed()
        browser.find_element(By.CSS_SELECTOR, "#task-1 summary").click()
        assert browser.find_element(By.CSS_SELECTOR, "#task-1 .outcome").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_nothing_of_the_code_runs(browser: Any, report: Report, tmp_path: Path) -> None:
    tasks = tuple(
        replace(
            task,
            target=HOSTILE,
            registration=HOSTILE,
            trace=tuple(replace(step, symbol=HOSTILE, detail=HOSTILE) for step in task.trace),
        )
        for task in report.tasks
    )
    findings = tuple(replace(each, message=HOSTILE, help=HOSTILE) for each in report.diagnostics)
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    address = written(replace(report, tasks=tasks, diagnostics=findings), tmp_path)
    browser.get(address)
    assert browser.title == "Background tasks of fixtures"
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert browser.find_element(By.CSS_SELECTOR, "#task-1 .target").text == HOSTILE
    assert [url for url in requests(browser) if not url.startswith("data:")] == [address]
    assert browser.get_log("browser") == []


def test_the_policy_stops_scripts_and_requests_that_get_in_all_the_same(page: Any) -> None:
    page.execute_script(
        "const script = document.createElement('script'); script.textContent = 'document.title = \"owned\"';"
        "document.body.append(script);"
        "const image = document.createElement('img'); image.src = 'http://127.0.0.1:9/x'; document.body.append(image);"
    )
    assert page.title == "Background tasks of fixtures"
    messages = " ".join(entry["message"] for entry in page.get_log("browser"))
    assert "script-src" in messages
    assert "img-src" in messages


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 800, 1300])
def test_it_is_accessible_and_nothing_sticks_out(page: Any, width: int, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        dark = page.execute_script("return getComputedStyle(document.body).backgroundColor") != "rgb(251, 250, 248)"
        assert dark == (scheme == "dark")
        page.find_element(By.NAME, "open").click()
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert violations(page) == []
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def violations(page: Any) -> list[str]:
    """What axe-core, which knows the accessibility guidelines, finds wrong."""
    page.execute_script(resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    # The first tasks stand for all: they are made alike, and axe looks at each pixel's contrast.
    found = page.execute_async_script(
        "const done = arguments[0];"
        "for (const task of [...document.querySelectorAll('.task')].slice(8)) task.remove();"
        "axe.run().then((result) => done(result.violations), (error) => done([{id: String(error), nodes: []}]))"
    )
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"] or [{"html": ""}]]


def test_on_paper_all_is_open_and_the_filter_is_gone(page: Any) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.find_element(By.CSS_SELECTOR, ".filters").is_displayed()
        outcome = page.find_element(By.CSS_SELECTOR, "#task-1 .outcome")
        assert page.execute_script("return arguments[0].checkVisibility()", outcome)
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert not page.execute_script("return arguments[0].checkVisibility()", outcome)
