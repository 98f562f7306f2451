// What the chat app has told this page: who we are, who is there, and what was said where. It knows no page and no
// socket; whatever changes it calls `changed`.

const KEPT = 1000;  // messages of one conversation

export const EVERYBODY = "all";
export const roomKey = (room) => "room:" + room;
export const userKey = (uid) => "user:" + uid;

const bare = (room) => String(room).replace(/^#/, "");

export class Chat {
  constructor({ send, changed, remember, recall }) {
    Object.assign(this, { sendLine: send, changed, remember });
    const kept = recall();
    this.me = undefined;
    this.name = kept.name ?? "";
    this.names = new Map();        // uid → name
    this.people = new Set();       // uids that are here, ours included
    this.online = undefined;       // how many: more than are listed when they are many
    this.conversations = new Map();
    this.awaited = [];             // lines without an answer: they are answered in their order
    this.current = EVERYBODY;
    this.open(EVERYBODY);
    for (const room of kept.rooms ?? []) this.open(roomKey(room)).joined = true;
  }

  // ---- asking

  label(uid) { return this.names.get(uid) || "User " + uid; }
  isHere(uid) { return this.people.has(uid); }
  talk() { return this.conversations.get(this.current); }
  rooms() { return [...this.conversations.values()].filter((c) => c.kind === "room"); }
  unread() { return [...this.conversations.values()].reduce((sum, c) => sum + c.unread, 0); }

  // Everybody who is here but us, and those who left with something said in private.
  others() {
    const uids = new Set(this.people);
    for (const c of this.conversations.values()) if (c.kind === "user") uids.add(c.uid);
    uids.delete(this.me);
    return [...uids].sort((a, b) => this.isHere(b) - this.isHere(a) || a - b);
  }

  // ---- doing

  open(key) {
    let conversation = this.conversations.get(key);
    if (!conversation) {
      const [kind, rest] = key === EVERYBODY ? ["all", ""] : [key.slice(0, 4), key.slice(5)];
      conversation = { key, kind, entries: [], unread: 0 };
      if (kind === "room") conversation.room = rest;
      if (kind === "user") conversation.uid = Number(rest);
      this.conversations.set(key, conversation);
    }
    return conversation;
  }

  show(key) {
    this.current = key;
    this.open(key).unread = 0;
    this.changed("conversation");
  }

  forget(key) {
    this.conversations.delete(key);
    this.keepForLater();
    if (this.current === key) this.current = EVERYBODY;
    this.changed("conversation");
  }

  // What somebody typed in the current conversation. False: not connected, nothing was sent.
  say(text) {
    const command = text.startsWith("/") && !text.startsWith("//");
    const talk = this.talk();
    if (command || talk.kind === "all") return this.command(text, command ? undefined : talk, text);
    const plain = text.replace(/^\/\//, "/");
    return this.command(talk.kind === "room" ? `/${talk.room} ${plain}` : `${talk.uid}:${plain}`, talk, plain);
  }

  again(entry) {
    const talk = this.open(entry.talk);
    if (!this.command(entry.line, talk, entry.text)) return;
    talk.entries.splice(talk.entries.indexOf(entry), 1);
    this.changed("conversation");
  }

  command(line, talk, text) {
    if (this.me === undefined || !this.sendLine(line)) return false;
    const waits = { word: /^\/(who|help|name|join|leave)\b/.exec(line)?.[1] ?? "say" };
    // A private line typed among everybody shows up where it belongs when it comes back.
    if (talk && !(talk.kind === "all" && /^\s*\d+:/.test(line))) {
      waits.entry = { at: Date.now(), kind: "say", from: this.me, own: true, pending: true, text, line, talk: talk.key };
      this.add(talk, waits.entry);
    }
    this.awaited.push(waits);
    return true;
  }

  rename(name) {
    if (name === "" || name === (this.wanted ?? this.name)) return true;
    this.wanted = name;
    return this.command("/name " + name);
  }

  // ---- being told

  onClosed() {
    for (const { entry } of this.awaited) {
      if (entry?.pending) Object.assign(entry, { pending: false, failed: "The connection broke: this may not have arrived." });
    }
    this.awaited = [];
    this.wanted = undefined;
    this.me = undefined;
    this.people.clear();
    this.online = undefined;
    this.changed("conversation");
  }

  onMessage(text) {
    let said;
    try { said = JSON.parse(text); } catch { /* not the chat app's */ }
    const handle = said && typeof said === "object" && Chat.handlers[said.type];
    if (!handle) return this.notice(EVERYBODY, text);
    if (said.name && said.type !== "name") this.names.set(said.uid ?? said.from, String(said.name));
    handle.call(this, said);
  }

  static handlers = {
    welcome(said) {
      const before = this.lastUid;
      this.me = this.lastUid = said.uid;
      this.people = new Set([said.uid]);
      this.listed(said);
      if (before !== undefined && before !== said.uid) this.notice(EVERYBODY, `Connected again: you are user ${said.uid} now.`);
      if (this.name) this.command("/name " + this.name);
      for (const room of this.rooms()) if (room.joined) this.command("/join " + room.room);
      this.changed("all");
    },
    come(said) {
      this.people.add(said.uid);
      if (this.online !== undefined) this.online++;
      this.notice(EVERYBODY, `${this.label(said.uid)} came.`);
    },
    leave(said) {
      this.people.delete(said.uid);
      if (this.online !== undefined) this.online--;
      this.notice(EVERYBODY, `${this.label(said.uid)} left.`);
      if (this.conversations.has(userKey(said.uid))) this.notice(userKey(said.uid), `${this.label(said.uid)} left.`);
    },
    say(said) {
      const own = said.from === this.me;
      const key = said.to === "all" ? EVERYBODY
        : typeof said.to === "string" ? roomKey(bare(said.to))
          : userKey(own ? said.to : said.from);
      const entry = { at: Date.now(), kind: "say", from: said.from, own, text: String(said.text) };
      if (said.from !== undefined) this.people.add(said.from);
      const waits = own ? this.answered("say") : undefined;
      if (waits?.entry?.talk === key) {
        Object.assign(waits.entry, entry, { pending: false });
        return this.changed("conversation");
      }
      this.add(this.open(key), entry);
    },
    name(said) {
      const before = this.label(said.uid);
      const name = String(said.name);
      this.names.set(said.uid, name);
      if (said.uid === this.me) {
        this.answered("name");
        this.wanted = undefined;
        const same = this.name === name;
        this.name = name;
        this.keepForLater();
        if (!same) this.notice(EVERYBODY, `You are called ${name}.`);
      } else if (before !== name) {
        this.notice(EVERYBODY, `${before} is called ${name} now.`);
      }
      this.changed("all");
    },
    join(said) {
      const room = bare(said.room);
      if (said.uid !== this.me) return this.notice(roomKey(room), `${this.label(said.uid)} joined.`);
      this.answered("join");
      const talk = this.open(roomKey(room));
      const asked = !talk.joined;
      talk.joined = true;
      this.keepForLater();
      this.notice(talk.key, asked ? `You joined #${room}.` : `You are in #${room} again.`);
      if (asked) this.show(talk.key);
    },
    part(said) {
      const key = roomKey(bare(said.room));
      if (said.uid !== this.me) return this.notice(key, `${this.label(said.uid)} left the room.`);
      this.answered("leave");
      this.forget(key);
    },
    who(said) {
      this.answered("who");
      this.listed(said, said.room !== undefined);
      const names = (said.users ?? []).map((user) => this.label(user.uid) + (user.uid === this.me ? " (you)" : ""));
      const where = said.room ? ` in ${said.room}` : " here";
      this.notice(this.current, `${said.online} ${said.online === 1 ? "person" : "people"}${where}` +
        (names.length ? `: ${names.join(", ")}` : "") + (said.complete === false ? " (perhaps more)" : "") + ".");
    },
    help(said) {
      this.answered("help");
      this.notice(this.current, String(said.text));
    },
    error(said) {
      const waits = this.awaited.shift();
      this.wanted = undefined;
      if (waits?.entry) {
        Object.assign(waits.entry, { pending: false, failed: String(said.text) });
        return this.changed("conversation");
      }
      this.add(this.open(this.current), { at: Date.now(), kind: "error", text: String(said.text) });
    },
  };

  // ---- helpers

  // Our oldest line of that kind has its answer; whatever is older got none and will get none.
  answered(word) {
    const index = this.awaited.findIndex((waits) => waits.word === word);
    return index < 0 ? undefined : this.awaited.splice(0, index + 1).at(-1);
  }

  listed(said, room = false) {
    for (const user of said.users ?? []) {
      this.people.add(user.uid);
      if (user.name) this.names.set(user.uid, String(user.name));
    }
    if (!room && Number.isInteger(said.online)) this.online = said.online;
  }

  notice(key, text) { this.add(this.open(key), { at: Date.now(), kind: "notice", text }); }

  add(talk, entry) {
    talk.entries.push(entry);
    if (talk.entries.length > KEPT) talk.entries.shift();
    const unseen = talk.key !== this.current || document.visibilityState === "hidden";
    if (entry.kind === "say" && !entry.own && unseen) talk.unread++;
    this.changed(talk.key === this.current ? "conversation" : "list");
  }

  keepForLater() {
    this.remember({ name: this.name, rooms: this.rooms().filter((c) => c.joined).map((c) => c.room) });
  }
}
