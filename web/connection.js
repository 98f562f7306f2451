// One WebSocket to the gateway, opened again by itself: later after each failure, never in step with other pages, and at
// once when the network comes back or somebody looks at the page.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 10_000;
const LASTED = 5_000;        // a connection that held this long makes us forget the failures before it
const HANDSHAKE = 8_000;

export class Connection {
  // on: {open(), message(text), state({name: "connecting" | "open" | "waiting", retryAt, why})}
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.failures = 0;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    this.connect();
  }

  get isOpen() { return this.socket?.readyState === WebSocket.OPEN; }

  send(text) {
    if (!this.isOpen) return false;
    this.socket.send(text);
    return true;
  }

  // Does not wait any longer for the next attempt.
  hurry() {
    if (this.timer === undefined) return;
    this.failures = 0;
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.on.state({ name: "connecting" });
    let openedAt;
    const socket = this.socket = new WebSocket(this.url);
    const patience = setTimeout(() => socket.close(), HANDSHAKE);
    socket.onopen = () => {
      clearTimeout(patience);
      openedAt = performance.now();
      this.on.state({ name: "open" });
      this.on.open();
    };
    socket.onmessage = (event) => typeof event.data === "string" && this.on.message(event.data);
    socket.onclose = (event) => {
      clearTimeout(patience);
      if (openedAt !== undefined && performance.now() - openedAt >= LASTED) this.failures = 0;
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures++) * (0.75 + Math.random() / 2);
      this.timer = setTimeout(() => this.connect(), wait);
      this.on.state({ name: "waiting", retryAt: Date.now() + wait, why: event.reason });
    };
  }
}
