// The page: draws the model, and hands what people do to it. Text of others only ever becomes text nodes.
import { Chat, EVERYBODY, roomKey, userKey } from "./model.js";
import { Connection } from "./connection.js";

const $ = (id) => document.getElementById(id);
const GROUPED = 2 * 60_000;  // consecutive lines of one person stand together

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "dataset") Object.assign(made.dataset, value);
    else if (name.startsWith("aria-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const initials = (label) => [...label.replace(/^User /, "").trim()].slice(0, 2).join("");
const tint = (made, uid) => { made.style.setProperty("--hue", String((Number(uid) * 137.5) % 360 || 0)); return made; };

// ---- the model and its connection

let drawing;
const dirty = new Set();
function redraw(what) {
  dirty.add(what);
  drawing ??= setTimeout(() => {
    drawing = undefined;
    draw();
  });
}

const chat = new Chat({
  send: (line) => connection.send(line),
  changed: redraw,
  remember: (kept) => sessionStorage.setItem("chat", JSON.stringify(kept)),
  recall: () => { try { return JSON.parse(sessionStorage.getItem("chat")) ?? {}; } catch { return {}; } },
});

function gatewayUrl() {
  const asked = new URLSearchParams(location.search).get("ws");
  const url = new URL(asked || "/ws", location.href);
  url.protocol = url.protocol.replace(/^http/, "ws");
  return url.href;
}

let state = { name: "connecting" };
const connection = new Connection(gatewayUrl(), {
  open: () => {},
  message: (text) => chat.onMessage(text),
  state: (next) => {
    if (next.name === "waiting" && chat.me !== undefined) chat.onClosed();
    state = next;
    redraw("list");
  },
});
setInterval(() => state.name === "waiting" && drawState(), 500);

// ---- drawing

let shown;  // the conversation whose messages are in the log

function draw() {
  drawState();
  drawMe();
  drawList();
  drawTalk();
  drawLog();
  dirty.clear();
}

function drawState() {
  const seconds = Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000));
  $("state").dataset.state = state.name;
  // Read out once, not each second.
  $("state").setAttribute("aria-live", state.name === "waiting" && $("state-text").dataset.was === "waiting" ? "off" : "polite");
  $("state-text").dataset.was = state.name;
  const text = { open: "Connected", connecting: "Connecting…", waiting: `Offline, again in ${seconds} s` }[state.name];
  if ($("state-text").textContent !== text) $("state-text").textContent = text;
  $("hint").textContent = state.name === "open"
    ? "" : (state.why ? `Not connected (${state.why}). ` : "Not connected. ") + "What you write is kept until we are back.";
  $("send").disabled = state.name !== "open";
}

function drawMe() {
  if (document.activeElement !== $("name")) $("name").value = chat.name;
  $("uid").textContent = chat.me === undefined ? "" : String(chat.me);
  const uid = chat.me ?? chat.lastUid;
  $("avatar").textContent = initials(chat.name || String(uid ?? ""));
  tint($("avatar"), uid ?? 0);
}

function item(key, label, { sign, uid, away = false } = {}) {
  const unread = chat.conversations.get(key)?.unread ?? 0;
  const mark = element("span", { className: "avatar", "aria-hidden": "true" }, sign);
  const button = element("button", { type: "button", className: away ? "away" : "", dataset: { key } },
    uid === undefined ? mark : tint(mark, uid), element("span", { className: "label" }, label));
  if (uid !== undefined) button.append(element("span", { className: "uid" }, String(uid)));
  if (unread) button.append(element("b", { className: "unread", "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)));
  if (key === chat.current) button.setAttribute("aria-current", "true");
  button.setAttribute("aria-label", label + (away ? ", away" : "") + (unread ? `, ${unread} unread` : ""));
  return element("li", {}, button);
}

// Keeps the focus on the button that had it.
function fill(list, items) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...items);
  if (focused) [...list.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
}

function drawList() {
  fill($("everybody"), [item(EVERYBODY, "Everybody", { sign: "✳" })]);
  fill($("rooms"), chat.rooms().map((c) => item(c.key, c.room, { sign: "#" })));
  fill($("people"), chat.others().map((uid) =>
    item(userKey(uid), chat.label(uid), { sign: initials(chat.label(uid)), uid, away: !chat.isHere(uid) })));
  const here = Math.max(chat.online ?? 0, chat.people.size);
  $("count").textContent = here ? String(here) : "";
  $("count").title = here ? `${here} here, you included` : "";
  const unread = chat.unread();
  document.title = (unread ? `(${unread}) ` : "") + "Fairlead chat";
  $("menu-unread").textContent = unread ? String(unread) : "";
}

function drawTalk() {
  const talk = chat.talk();
  const here = Math.max(chat.online ?? 0, chat.people.size);
  const [title, subtitle, placeholder] = {
    all: () => ["Everybody", here ? `${here} ${here === 1 ? "person" : "people"} here` : "", "Write to everybody"],
    room: () => ["#" + talk.room, "Only people in this room can read this", `Write to #${talk.room}`],
    user: () => [chat.label(talk.uid), chat.isHere(talk.uid) ? "Only the two of you can read this" : chat.me === undefined ? "" : "Not here any more",
      `Write to ${chat.label(talk.uid)} alone`],
  }[talk.kind]();
  $("title").textContent = title;
  $("subtitle").textContent = subtitle;
  $("text").placeholder = placeholder;
  $("leave").hidden = talk.kind === "all" || talk.kind === "user" && chat.isHere(talk.uid);
  $("leave").textContent = talk.kind === "room" ? "Leave room" : "Close";
}

function entryElement(entry, before) {
  if (entry.kind !== "say") return element("p", { className: entry.kind }, entry.text);
  const joined = before?.kind === "say" && before.from === entry.from && entry.at - before.at < GROUPED;
  const label = entry.own ? "You" : chat.label(entry.from);
  const bubble = element("div", { className: "bubble", dir: "auto" }, entry.text);
  const time = element("time", { dateTime: new Date(entry.at).toISOString() }, clock.format(entry.at));
  const made = element("article", {
    className: ["message", entry.own && "own", joined && "joined", entry.pending && "pending", entry.failed && "failed"]
      .filter(Boolean).join(" "),
  });
  const mark = element("span", { className: "avatar", "aria-hidden": "true" }, initials(entry.own && chat.name || chat.label(entry.from)));
  const head = element("header", { className: joined ? "hidden" : "" }, element("strong", {}, label), " ", time);
  made.append(tint(mark, entry.from), element("div", { className: "body" }, head, bubble));
  tint(made, entry.from);
  if (entry.failed) {
    const again = element("button", { type: "button", className: "quiet" }, "Send again");
    again.addEventListener("click", () => chat.again(entry));
    made.lastChild.append(element("p", { className: "failure" }, entry.failed + " ", again));
  }
  return made;
}

// Only what is new or has changed is drawn: a screen reader reads out each message once.
const drawn = new WeakMap();  // entry → {made, look}

function drawLog() {
  const log = $("log");
  const talk = chat.talk();
  const switched = shown !== talk.key;
  const atEnd = switched || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  if (switched) {
    log.setAttribute("aria-live", "off");
    log.replaceChildren();
    shown = talk.key;
  } else {
    log.setAttribute("aria-live", "polite");
  }
  const wanted = talk.entries.map((entry, index) => {
    const look = [entry.pending, entry.failed, entry.text, entry.from && chat.label(entry.from), index > 0].join("\0");
    const known = drawn.get(entry);
    if (known?.look === look) return known.made;
    const made = entryElement(entry, talk.entries[index - 1]);
    drawn.set(entry, { made, look });
    if (known?.made.parentNode === log) known.made.replaceWith(made);
    return made;
  });
  if (!wanted.length) {
    const empty = element("p", { className: "empty" }, talk.kind === "user"
      ? "Say something that nobody else will read." : "Nothing has been said here yet.");
    return void log.replaceChildren(empty);
  }
  const keep = new Set(wanted);
  for (const child of [...log.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((made, index) => log.children[index] !== made && log.insertBefore(made, log.children[index] ?? null));
  if (atEnd) log.scrollTop = log.scrollHeight;
  $("latest").hidden = atEnd || !dirty.has("conversation");
}

// ---- what people do

function show(key) {
  chat.show(key);
  openMenu(false);
  $("text").focus();
}

function openMenu(open) {
  document.body.classList.toggle("menu-open", open);
  $("menu").setAttribute("aria-expanded", String(open));
}

function grow() {
  $("text").style.height = "auto";
  $("text").style.height = Math.min($("text").scrollHeight + 2, 200) + "px";
}

$("conversations").addEventListener("click", (event) => {
  const key = event.target.closest("button[data-key]")?.dataset.key;
  if (key) show(key);
});

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || !chat.say(text)) return;
  $("text").value = "";
  grow();
  $("text").focus();
  $("log").scrollTop = $("log").scrollHeight;
});
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

function takeName() {
  const name = $("name").value.trim();
  if (!chat.rename(name) || name === "") $("name").value = chat.name;
}
$("name-form").addEventListener("submit", (event) => {
  event.preventDefault();
  takeName();
  $("text").focus();
});
$("name").addEventListener("change", takeName);

$("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const room = $("room").value.trim().replace(/^#/, "");
  if (!room) return;
  const known = chat.conversations.get(roomKey(room))?.joined;
  if (known) show(roomKey(room));
  else if (!chat.command("/join " + room)) return;
  $("room").value = "";
});

$("leave").addEventListener("click", () => {
  const talk = chat.talk();
  if (talk.kind === "room") chat.command("/leave " + talk.room);
  else chat.forget(talk.key);
  $("text").focus();
});

$("latest").addEventListener("click", () => {
  $("log").scrollTop = $("log").scrollHeight;
  $("latest").hidden = true;
});
$("log").addEventListener("scroll", () => {
  if ($("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 60) $("latest").hidden = true;
});

document.querySelector("main").addEventListener("click", (event) => $("menu").contains(event.target) || openMenu(false));
$("menu").addEventListener("click", () => openMenu(!document.body.classList.contains("menu-open")));

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    openMenu(false);
    $("text").focus();
  } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const keys = [EVERYBODY, ...chat.rooms().map((c) => c.key), ...chat.others().map(userKey)];
    const next = keys.indexOf(chat.current) + (event.key === "ArrowDown" ? 1 : -1);
    show(keys[(next + keys.length) % keys.length]);
  }
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && chat.show(chat.current));

draw();
$("text").focus();
