#!/usr/bin/python3
"""The browser chat in a real Chromium: pages talk to each other and to a fairlead-chat in a pipe, in public, in private and in
rooms, and find back by themselves when their gateway was gone.

  chat_page_test.py --programs DIR --www DIR [--screenshots DIR] [--only NAME]
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import runner  # noqa: E402
from chromium import Failure, until  # noqa: E402


class User:
    """Somebody at a page, who does what people do and sees what people see."""

    def __init__(self, page):
        self.page = page

    @classmethod
    async def come(cls, browser, bus, name=None, address=None, **looks):
        user = cls(await browser.open(address or bus.page, **looks))
        await user.connected()
        if name:
            await user.page.click("#name")
            await user.page.type(name)
            await user.page.press("Enter")
            await user.sees(f"You are called {name}.")
        return user

    async def connected(self):
        await self.page.until("document.getElementById('state').dataset.state === 'open' && "
                              "document.getElementById('uid').textContent !== ''", "the page is not connected")

    async def uid(self):
        return int(await self.page.ask("document.getElementById('uid').textContent"))

    async def say(self, text):
        await self.page.ask("document.getElementById('text').focus()")
        await self.page.type(text)
        await self.page.press("Enter")

    async def log(self):
        return await self.page.ask("document.getElementById('log').innerText")

    async def sees(self, text, patience=20):
        await self.page.until(f"document.getElementById('log').innerText.includes({json.dumps(text)})",
                              f"the messages do not say: {text}", patience)

    async def sees_from(self, who, text):
        """A message of `who`; being sent is not enough."""
        await self.page.until(
            f"""[...document.querySelectorAll('#log article:not(.pending):not(.failed)')].some((message) =>
                  message.querySelector('strong').textContent === {json.dumps(who)} &&
                  message.querySelector('.bubble').textContent === {json.dumps(text)})""",
            f"there is no message of {who}: {text}")

    async def people(self):
        return await self.page.ask("[...document.querySelectorAll('#people button:not(.away) .label')].map((l) => l.textContent)")

    async def sees_people(self, *names):
        await until(lambda: self.has_people(names), f"people are not {names}")

    async def has_people(self, names):
        return sorted(await self.people()) == sorted(names)

    async def unread(self, label):
        return await self.page.ask(
            f"""[...document.querySelectorAll('#conversations button')]
                  .find((b) => b.querySelector('.label').textContent === {json.dumps(label)})?.querySelector('.unread')?.textContent ?? ''""")

    async def go_to(self, label):
        key = await self.page.until(
            f"""[...document.querySelectorAll('#conversations button')]
                  .find((b) => b.querySelector('.label').textContent === {json.dumps(label)})?.dataset.key ?? ''""",
            f"there is no conversation {label}")
        await self.page.click(f"[data-key={json.dumps(key)}]")
        title = "#" + label if key.startswith("room:") else label
        await self.page.until(f"document.getElementById('title').textContent === {json.dumps(title)}")


class Terminal:
    """A fairlead-chat with pipes at both ends."""

    def __init__(self, bus, *arguments):
        self.out = os.path.join(bus.folder.name, f"chat-{time.monotonic_ns()}")
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen([bus.program("chat"), bus.line, *arguments], stdin=subprocess.PIPE, stdout=out,
                                            stderr=out, text=True)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def text(self):
        with open(self.out, encoding="utf-8") as out:
            return out.read()

    async def sees(self, text):
        try:
            await until(lambda: text in self.text(), f"the terminal does not say: {text}")
        except Failure as failure:
            raise Failure(f"{failure}\n--- it says:\n{self.text()}") from None

    def leave(self):
        self.process.stdin.close()
        return self.process.wait(20)


def no_complaints(*users):
    for user in users:
        # While the gateway is away, Chromium tells of each attempt that failed.
        serious = [text for text in user.page.complaints if "WebSocket connection to" not in text]
        if serious:
            raise Failure(f"the page complains: {serious}")


def expect(condition, what):
    if not condition:
        raise Failure(what)


# ---- tests

async def everybody_hears_what_is_said(browser, bus):
    ann = await User.come(browser, bus, "Ann")
    ben = await User.come(browser, bus, "Ben", dark=True)
    tess = Terminal(bus, "--name", "Tess")
    await ann.sees_people("Ben", "Tess")
    await ben.sees_people("Ann", "Tess")

    await ann.say("hello, Ben and Tess")
    await ann.sees_from("You", "hello, Ben and Tess")
    await ben.sees_from("Ann", "hello, Ben and Tess")
    await tess.sees(f"Ann({await ann.uid()}): hello, Ben and Tess")
    tess.say("hello from a terminal")
    await ann.sees_from("Tess", "hello from a terminal")
    await ben.sees_from("Tess", "hello from a terminal")

    expect(tess.leave() == 0, "fairlead-chat did not end well: " + tess.text())
    await ann.sees("Tess left.")
    await ann.sees_people("Ben")
    no_complaints(ann, ben)
    return ann, ben


async def private_is_private_and_counted_until_read(browser, bus):
    ann = await User.come(browser, bus, "Ann")
    ben = await User.come(browser, bus, "Ben")
    cat = await User.come(browser, bus, "Cat")
    await ann.sees_people("Ben", "Cat")
    await ann.go_to("Ben")
    await ann.say("only for Ben")
    await ann.sees_from("You", "only for Ben")
    await until(lambda: is_unread(ben, "Ann", "1"), "Ben has one unread message of Ann")
    expect((await ben.page.ask("document.title")).startswith("(1)"), "the title counts what is unread")
    expect("only for Ben" not in await ben.log(), "a private message stands among everybody's")
    await ben.go_to("Ann")
    await ben.sees_from("Ann", "only for Ben")
    expect(await ben.unread("Ann") == "", "what was read is still counted")

    # From a terminal, with the number alone.
    tess = Terminal(bus)
    tess.say(f"{await ben.uid()}:psst")
    await tess.sees(f"you -> Ben({await ben.uid()}): psst")
    expect(tess.leave() == 0, tess.text())
    await until(lambda: is_unread_by_number(ben), "Ben has a message of a nameless user")

    await cat.say("nothing here, says Cat")
    await cat.sees_from("You", "nothing here, says Cat")
    expect("only for Ben" not in await cat.page.ask("document.body.innerText"), "Cat reads what is private")
    no_complaints(ann, ben, cat)
    return ann, ben


async def is_unread(user, label, count):
    return await user.unread(label) == count


async def is_unread_by_number(user):
    return await user.page.ask("[...document.querySelectorAll('#people .unread')].some((b) => b.parentNode.innerText.includes('User '))")


async def rooms_are_for_those_in_them(browser, bus):
    ann = await User.come(browser, bus, "Ann")
    ben = await User.come(browser, bus, "Ben")
    cat = await User.come(browser, bus, "Cat")
    await ann.page.click("#room")
    await ann.page.type("tea")
    await ann.page.press("Enter")
    await ann.page.until("document.getElementById('title').textContent === '#tea'")
    await ben.say("/join tea")  # whoever likes to type
    await ben.page.until("document.getElementById('title').textContent === '#tea'")
    await ann.sees("Ben joined.")
    await ann.say("milk first?")
    await ben.sees_from("Ann", "milk first?")
    tess = Terminal(bus)
    tess.say("/join tea")
    tess.say("/tea never")
    await ann.sees_from(f"User {await number_of(tess)}", "never")
    expect(tess.leave() == 0, tess.text())
    await cat.say("/tea may I?")
    await cat.sees("you are not in #tea")
    expect("milk first?" not in await cat.page.ask("document.body.innerText"), "a room is heard outside")
    await ben.page.click("#leave")
    await ann.sees("Ben left the room.")
    await ben.page.until("document.getElementById('title').textContent === 'Everybody'")
    no_complaints(ann, ben, cat)
    return (ann,)


async def number_of(tess):
    await tess.sees("you are user ")
    return tess.text().split("you are user ")[1].split(";")[0].split("\n")[0]


async def nobody_puts_markup_into_the_page_of_another(browser, bus):
    ann = await User.come(browser, bus)
    evil = "<img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script>&amp;"
    ben = await User.come(browser, bus, evil[:24])
    await ben.say(evil)
    await ann.sees_from(evil[:24], evil)
    await ben.say("/join <b>x</b>")
    await ben.page.until("document.querySelectorAll('#log article').length > 0")
    for user in (ann, ben):
        expect(not await user.page.ask("window.hurt || document.querySelectorAll('#log img, #log script, #log b, aside b.x').length"),
               "markup of another user came alive")
    no_complaints(ann, ben)
    return ann, ben


async def the_keyboard_is_enough(browser, bus):
    ann = await User.come(browser, bus, "Ann")
    await User.come(browser, bus, "Ben")
    await ann.sees_people("Ben")
    focus = "document.activeElement.id"
    expect(await ann.page.ask(focus) == "text", "after a name comes the message")
    await ann.page.press("ArrowDown", modifiers=1)
    await ann.page.until("document.getElementById('title').textContent === 'Ben'")
    await ann.say("by keyboard")
    await ann.sees_from("You", "by keyboard")
    await ann.page.press("ArrowUp", modifiers=1)
    await ann.page.until("document.getElementById('title').textContent === 'Everybody'")
    await ann.say("two\nlines")
    await ann.sees_from("You", "two\nlines")
    # Everything that can be pressed has a name.
    nameless = await ann.page.ask("""[...document.querySelectorAll('button, input, textarea')].filter((e) => e.checkVisibility() &&
        !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map((e) => e.id || e.outerHTML)""")
    expect(nameless == [], f"without a name for screen readers: {nameless}")
    no_complaints(ann)
    return (ann,)


async def pages_find_back_when_the_gateway_was_gone(browser, bus):
    ann = await User.come(browser, bus, "Ann")
    ben = await User.come(browser, bus, "Ben")
    await ann.say("/join harbour")
    await ann.page.until("document.getElementById('title').textContent === '#harbour'")
    before = await ann.uid()
    bus.gateway.process.kill()
    bus.gateway.process.wait()
    for user in (ann, ben):
        await user.page.until("document.getElementById('state').dataset.state === 'waiting'")
        expect(await user.page.ask("document.getElementById('send').disabled"), "one can send to nobody")
    await ann.say("kept")
    expect(await ann.page.ask("document.getElementById('text').value") == "kept", "what is typed meanwhile is lost")

    bus.gateway.start()
    await bus.gateway.ready()
    for user in (ann, ben):
        await user.connected()
    expect(await ann.uid() != before, "a number was given twice")
    await ann.page.press("Enter")
    await ann.sees_from("You", "kept")  # in the room that she is in again
    await ben.say("/join harbour")
    await ben.page.until("document.getElementById('title').textContent === '#harbour'")
    await ben.say("we are back")
    await ann.sees_from("Ben", "we are back")
    await ann.sees_people("Ben")
    no_complaints(ann, ben)
    return ann, ben


async def workers_and_the_broker_may_die_unnoticed(browser, bus):
    ann = await User.come(browser, bus, "Ann")
    ben = await User.come(browser, bus, "Ben")
    number = await ann.uid()
    await ann.say("before")
    await ben.sees_from("Ann", "before")
    bus.workers[0].process.kill()
    await ann.say("one worker less")
    await ben.sees_from("Ann", "one worker less")
    bus.broker.process.kill()
    bus.broker.process.wait()
    await ann.say("no broker at all")
    bus.broker.start()
    await bus.broker.ready()
    await ben.sees_from("Ann", "no broker at all")
    bus.workers[0].process.wait()
    bus.workers[0].start()
    await ben.say("and on we go")
    await ann.sees_from("Ben", "and on we go")
    expect(await ann.uid() == number, "Ann was disconnected")
    no_complaints(ann, ben)
    return ann, ben


async def another_gateway_can_be_named(browser, bus):
    ann = await User.come(browser, bus, address=bus.page + "?ws=" + bus.ws)
    await ann.say("by address")
    await ann.sees_from("You", "by address")
    return (ann,)


TESTS = [everybody_hears_what_is_said, private_is_private_and_counted_until_read, rooms_are_for_those_in_them,
         nobody_puts_markup_into_the_page_of_another, the_keyboard_is_enough, another_gateway_can_be_named,
         pages_find_back_when_the_gateway_was_gone, workers_and_the_broker_may_die_unnoticed]



if __name__ == "__main__":
    arguments = runner.options(__doc__, www=True)
    sys.exit(runner.main(TESTS, arguments.only, runner.in_a_browser(arguments)))
