#!/usr/bin/python3
"""The pond of examples/game in a real Chromium: two pages see each other swim, by keyboard and by touch, and come back by
themselves as the fish that they were.

  game_page_test.py --programs DIR --www DIR [--screenshots DIR] [--only NAME]
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import runner  # noqa: E402
from chromium import Failure, until  # noqa: E402


class Player:
    """Somebody at a page."""

    def __init__(self, page):
        self.page = page

    @classmethod
    async def come(cls, browser, bus, name, **looks):
        player = cls(await browser.open(bus.page, **looks))
        await player.connected()
        await player.page.click("#name")
        await player.page.type(name)
        await player.page.press("Enter")
        await player.sees(name + " (you)")
        return player

    async def connected(self):
        await self.page.until("document.getElementById('state').dataset.state === 'open'", "the page is not connected")

    async def rows(self):
        """What the board says of each player, by name."""
        rows = await self.page.ask("""[...document.querySelectorAll('#players li')].map((row) => [
            row.querySelector('b').textContent.replace(' (you)', ''),
            {x: Number(row.dataset.x), y: Number(row.dataset.y), number: row.dataset.number, away: row.classList.contains('away')}])""")
        return dict(rows)

    async def sees(self, text):
        await self.page.until(f"document.getElementById('players').innerText.includes({text!r})", f"the board does not say: {text}")

    async def sees_swim(self, name, dx, dy):
        """Until the fish has swum in this direction, over the edge or not, by its next cells."""
        async def look():
            rows = await self.rows()
            if name in rows:
                places.append((rows[name]["x"], rows[name]["y"]))
            steps = [((b[0] - a[0] + 45) % 30 - 15, (b[1] - a[1] + 30) % 20 - 10) for a, b in zip(places, places[1:])]
            return sum((x * dx + y * dy) for x, y in steps) >= 4
        places = []
        await until(look, f"{name} does not swim by ({dx}, {dy}): {places}")


def no_complaints(*players):
    for player in players:
        # While the gateway is away, Chromium tells of each attempt that failed.
        serious = [text for text in player.page.complaints if "WebSocket connection to" not in text]
        if serious:
            raise Failure(f"the page complains: {serious}")


def expect(condition, what):
    if not condition:
        raise Failure(what)


async def is_drawn(player):
    """The canvas has more than one colour."""
    return await player.page.ask("""(() => {
        const field = document.getElementById('field');
        const data = field.getContext('2d').getImageData(0, 0, field.width, field.height).data;
        const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
        return seen.size > 3;
    })()""")


# ---- tests

async def two_players_see_each_other_swim(browser, bus):
    ann = await Player.come(browser, bus, "Ann")
    ben = await Player.come(browser, bus, "Ben", dark=True)
    await ann.page.press("ArrowLeft")
    await ben.sees_swim("Ann", -1, 0)
    await ben.page.press("s", "KeyS")
    await ann.sees_swim("Ben", 0, 1)
    for player in (ann, ben):
        expect(await is_drawn(player), "nothing is drawn")
        expect(set(await player.rows()) == {"Ann", "Ben"}, "others are in the pond")
    no_complaints(ann, ben)
    return ann, ben


async def fingers_steer_too(browser, bus):
    ann = Player(await browser.open(bus.page, width=390, height=780))
    await ann.connected()
    await ann.sees("somebody (you)")
    await ann.page.call("Emulation.setTouchEmulationEnabled", enabled=True)
    await ann.page.until("getComputedStyle(document.getElementById('pad')).display !== 'none'", "there are no buttons")
    await ann.page.ask("document.querySelector('#pad [data-go=right]').click()")
    await ann.sees_swim("somebody", 1, 0)
    for kind, points in (("touchStart", [(200, 150)]), ("touchMove", [(200, 190)]), ("touchEnd", [])):
        await ann.page.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in points])
    await ann.sees_swim("somebody", 0, 1)
    wide = await ann.page.ask("document.documentElement.scrollWidth > innerWidth")
    expect(not wide, "the page is wider than the telephone")
    no_complaints(ann)
    return (ann,)


async def a_worker_and_the_broker_may_die_unnoticed(browser, bus):
    ann = await Player.come(browser, bus, "Ann")
    ben = await Player.come(browser, bus, "Ben")
    number = (await ann.rows())["Ann"]["number"]
    await ann.page.press("ArrowRight")
    await ben.sees_swim("Ann", 1, 0)
    bus.workers[0].process.kill()
    await ben.sees_swim("Ann", 1, 0)
    bus.broker.process.kill()
    bus.broker.process.wait()
    bus.broker.start()
    await bus.broker.ready()
    await ann.page.press("ArrowUp")
    await ben.sees_swim("Ann", 0, -1)
    expect((await ben.rows())["Ann"]["number"] == number, "Ann is another fish now")
    no_complaints(ann, ben)
    return ann, ben


async def pages_come_back_as_the_fish_that_they_were(browser, bus):
    ann = await Player.come(browser, bus, "Ann")
    ben = await Player.come(browser, bus, "Ben")
    await ann.sees("Ben")
    number = (await ben.rows())["Ann"]["number"]
    bus.gateway.process.kill()
    bus.gateway.process.wait()
    await ann.page.until("document.getElementById('state').dataset.state !== 'open'", "the page does not see that its gateway is gone")
    bus.gateway.start()
    await bus.gateway.ready()
    for player in (ann, ben):
        await player.connected()
    await ann.page.press("ArrowLeft")
    await ben.sees_swim("Ann", -1, 0)
    expect((await ben.rows())["Ann"]["number"] == number, "Ann is another fish now")
    no_complaints(ann, ben)
    return ann, ben


TESTS = [two_players_see_each_other_swim, fingers_steer_too, a_worker_and_the_broker_may_die_unnoticed,
         pages_come_back_as_the_fish_that_they_were]



if __name__ == "__main__":
    arguments = runner.options(__doc__, www=True)
    sys.exit(runner.main(TESTS, arguments.only, runner.in_a_browser(arguments, worker=("game",))))
