"""A page in Chromium, headless: what it logs, what it asks the network for, what its parts say."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = "" if CHROMIUM and DRIVER else "no Chromium with its driver here (Debian: chromium, chromium-driver)"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip


class Browser:
    """One browser for many pages."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.wide()

    def command(self, name: str, **given: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, given)

    def wide(self, width: int = 1280) -> None:
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme: str) -> None:
        """light or dark"""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, page: Path, view: str = "") -> None:
        """The page with this behind its #, drawn."""
        self.driver.get("about:blank")
        self.logged()
        self.requested()
        self.driver.get(page.as_uri() + view)
        self.settle()

    def go(self, view: str = "") -> None:
        """Another view of the page that is open, as by a link."""
        self.run(
            "const before = location.hash; location.hash = arguments[0];"
            "if (location.hash !== before) delete document.documentElement.dataset.ready", view or "#"
        )  # fmt: skip
        self.settle()

    def settle(self) -> None:
        """Wait until all that was asked for is drawn."""
        deadline = time.monotonic() + 30
        while self.run("return document.documentElement.dataset.ready") != "1":
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.02)

    def run(self, script: str, *given: Any) -> Any:
        return self.driver.execute_script(script, *given)

    def texts(self, selector: str) -> list[str]:
        """What the visible elements say."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].filter(one => one.checkVisibility())"
            ".map(one => one.textContent.trim())", selector
        )  # fmt: skip
        return found

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)
        self.settle()

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(getattr(Keys, key, key))

    @property
    def view(self) -> str:
        """What stands behind the # of the address."""
        return str(self.run("return decodeURIComponent(location.hash)"))

    def logged(self) -> list[str]:
        """The console since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self) -> list[str]:
        """The addresses that were asked for since then, pictures within the page aside."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith(("data:", "about:"))]

    def quit(self) -> None:
        self.driver.quit()
