// The connecting side of a link (docs/protocol.md, L1, L4, L6, L7): when to open sockets, when to say hello, when the
// peer counts as lost. It knows nothing of records; its owner says hello when told to, and tells it what happened.
//
//   waiting ──back-off over──> dialing ──welcome──> live
//      ^                          │                  │
//      └────── too long ──────────┴── lost, reset ───┘
#pragma once

#include <string>

#include "bus/ids.hpp"
#include "bus/random.hpp"
#include "bus/time.hpp"

namespace fairlead {

struct LinkTimes {
  Duration heartbeat = 1s;
  Duration dead = 4s;
  Duration hello = 50ms;     // between two hellos while dialing
  Duration back_off = 50ms;  // the first wait; doubles
  Duration longest_back_off = 2s;
  Duration dial = 250ms;  // how long the first dial may take; doubles
  Duration longest_dial = 2s;
};

class Link {
 public:
  enum class State { waiting, dialing, live };

  // What the owner has to do now.
  struct Todo {
    bool open = false;       // close what is open, open new sockets for id()
    bool hello = false;      // say hello
    bool heartbeat = false;  // nothing was sent for a while: say so
    bool close = false;      // the link has just ended: close the sockets, drop what came over it
  };

  Link(Random random, LinkTimes times) : random_(random), times_(times) {}

  // Time passes. Call at least every 10 ms while dialing and at next_time() otherwise.
  Todo on_time(Instant now);

  void on_welcome(Instant now);
  void on_heard(Instant now) { heard_ = now; }
  void on_sent(Instant now) { sent_ = now; }

  // The link cannot go on. The next on_time() closes it; `why` is kept for the log. Nothing happens while waiting.
  void on_broken(std::string why);

  // This process was paused: no deadline came nearer meanwhile.
  void on_pause(Duration pause);

  State state() const { return state_; }
  bool live() const { return state_ == State::live && !broken_; }
  LinkId id() const { return id_; }
  const std::string& last_failure() const { return why_; }
  // When on_time() wants to be called next.
  Instant next_time() const;

 private:
  void wait(Instant now);

  Random random_;
  LinkTimes times_;
  State state_ = State::waiting;
  LinkId id_;
  bool broken_ = false;
  std::string why_;
  unsigned failures_ = 0;  // dials in a row that were not welcomed
  Instant until_{};        // waiting: when to dial; dialing: when to give up
  Instant hello_{};        // dialing: when to say hello next
  Instant heard_{};
  Instant sent_{};
};

}  // namespace fairlead
