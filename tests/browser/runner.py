"""What every test program of this folder does with its tests: each alone, all of them whatever becomes of one, exit code 1 if one failed."""
import argparse
import asyncio
import os
import sys
import time

from bus import Bus
from chromium import Chromium


def options(description, www):
    """Of the command line; `www`: whether pages are served, and may be photographed."""
    known = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    known.add_argument("--programs", required=True, help="the folder with fairlead-broker and the others")
    if www:
        known.add_argument("--www", required=True, help="the folder with index.html")
        known.add_argument("--screenshots", help="a folder for a picture of each page at the end of each test")
    known.add_argument("--only", help="the name of one test")
    return known.parse_args()


def in_a_browser(arguments, **bus_settings):
    """Runs a test with a browser and a bus of its own, so that nobody else comes and goes meanwhile. It answers its users, who have pages."""
    async def run(test):
        async with Bus(arguments.programs, arguments.www, **bus_settings) as bus, Chromium() as browser:
            try:
                users = await test(browser, bus)
            except BaseException:
                for daemon in bus.daemons:
                    print(f"--- {daemon.name}\n{daemon.said()[-1500:]}", file=sys.stderr)
                raise
            if arguments.screenshots:
                for number, user in enumerate(users):
                    await user.page.screenshot(os.path.join(arguments.screenshots, f"{test.__name__}-{number}.png"))
    return run


def main(tests, only, run):
    failed = 0
    for test in tests:
        if only not in (None, test.__name__):
            continue
        begun = time.monotonic()
        try:
            asyncio.run(run(test))
            verdict = "ok  "
        except Exception as failure:  # noqa: BLE001: whatever it is, the other tests run
            failed += 1
            verdict = "FAIL"
            print(f"{test.__name__}: {type(failure).__name__}: {failure}", file=sys.stderr)
        print(f"{verdict} {test.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
    return 1 if failed else 0
