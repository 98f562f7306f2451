"""A headless Chromium, driven over the DevTools protocol. Nothing but python3-websockets is needed."""
import asyncio
import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile

import websockets

PATIENCE = 20  # seconds for anything that should happen at once; a loaded machine gets its time


class Failure(AssertionError):
    """What should have happened did not."""


async def until(condition, what, patience=PATIENCE):
    """Waits until `condition` (which may be a coroutine function) answers something true, and returns it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        answer = condition()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        if loop.time() > deadline:
            raise Failure(f"after {patience} s: {what}")
        await asyncio.sleep(0.02)


def find_chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise SystemExit("there is no Chromium: apt-get install chromium (tools/setup browser does)")


class Chromium:
    """Use it with `async with`; its profile is thrown away."""

    async def __aenter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="fairlead-chromium.", ignore_cleanup_errors=True)
        self.log = open(os.path.join(self.profile.name, "log"), "wb")
        self.process = subprocess.Popen(
            [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
             "--disable-dev-shm-usage", "--mute-audio", "--lang=en-GB", "--remote-debugging-port=0",
             "--user-data-dir=" + self.profile.name, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.numbers = itertools.count(1)
        self.answers = {}
        self.pages = {}
        where = os.path.join(self.profile.name, "DevToolsActivePort")

        def address():
            if self.process.poll() is not None:
                raise Failure("Chromium ended: " + self.last_words())
            if not os.path.exists(where):
                return None
            lines = open(where, encoding="utf-8").read().split("\n")
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) > 1 else None

        self.socket = await websockets.connect(await until(address, "Chromium does not listen"), max_size=None,
                                               ping_interval=None)
        self.reader = asyncio.create_task(self.read())
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.profile.cleanup()

    def last_words(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:]

    async def read(self):
        async for text in self.socket:
            message = json.loads(text)
            if "id" in message:
                self.answers.pop(message["id"]).set_result(message)
            elif page := self.pages.get(message.get("sessionId")):
                page.on_event(message["method"], message["params"])

    async def call(self, method, session=None, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self.answers[number] = asyncio.get_running_loop().create_future()
        waiting = self.answers[number]
        await self.socket.send(json.dumps(message))
        answer = await asyncio.wait_for(waiting, PATIENCE)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def open(self, url, width=1180, height=760, dark=False):
        """A page of its own: shares no storage with the others."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=context, newWindow=True)
        session = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, session["sessionId"])
        self.pages[page.session] = page
        await page.call("Runtime.enable")
        await page.call("Log.enable")
        await page.call("Page.enable")
        await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        await page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        await page.call("Emulation.setEmulatedMedia",
                        features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        await page.call("Page.navigate", url=url)
        await page.until("location.href !== 'about:blank' && document.readyState === 'complete'", f"{url} is not loaded")
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session
        self.complaints = []  # exceptions, console errors, refused resources

    async def call(self, method, **params):
        return await self.browser.call(method, self.session, **params)

    def on_event(self, method, params):
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.complaints.append(" ".join(str(arg.get("value")) for arg in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])

    async def ask(self, expression):
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failure(f"{expression}: {details.get('exception', {}).get('description') or details['text']}")
        return answer["result"].get("value")

    async def until(self, expression, what=None, patience=PATIENCE):
        try:
            return await until(lambda: self.ask(expression), what or expression, patience)
        except Failure as failure:
            seen = await self.ask("document.body.innerText")
            raise Failure(f"{failure}\n--- the page shows:\n{seen}\n--- it complains: {self.complaints}") from None

    async def press(self, key, code=None, modifiers=0):
        text = "\r" if key == "Enter" else None
        numbers = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "Tab": 9}
        for kind in ("keyDown", "keyUp"):
            params = {"type": kind, "key": key, "code": code or key, "modifiers": modifiers,
                      "windowsVirtualKeyCode": numbers.get(key, 0)}
            if text and kind == "keyDown":
                params["text"] = text
            await self.call("Input.dispatchKeyEvent", **params)

    async def type(self, text):
        """Into whatever has the focus."""
        await self.call("Input.insertText", text=text)

    async def click(self, selector):
        box = await self.until(
            f"""(() => {{ const found = document.querySelector({json.dumps(selector)});
                          if (!found) return null;
                          found.scrollIntoView({{block: "nearest"}});
                          const box = found.getBoundingClientRect();
                          return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null; }})()""",
            f"there is no {selector} to click")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    async def screenshot(self, path):
        shot = await self.call("Page.captureScreenshot", format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
