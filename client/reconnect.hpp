// Reconnect decides when a client dials, and when it gives up waiting for an answer. After a loss it waits, twice as
// long each time, and forgets past failures only when a connection has lasted: a gateway that accepts and hangs up is
// not hammered.
#pragma once

#include <optional>

#include "bus/random.hpp"
#include "bus/time.hpp"

namespace fairlead::client {

class Reconnect {
 public:
  struct Settings {
    bool again = true;  // after a loss
    Duration first_back_off = 100ms;
    Duration longest_back_off = 5s;
    Duration dial = 5s;  // how long connecting may take, the opening handshake included
  };

  enum class State { waiting, dialing, connected, over };
  enum class Todo { nothing, dial, give_up };  // give_up: drop the attempt and report on_lost()

  Reconnect(Random random, Settings settings) : random_(random), settings_(settings) {}

  Todo on_time(Instant now);
  void on_connected(Instant now);
  // The attempt failed or the connection ended. Answers how long the next attempt will wait; none: there is none.
  std::optional<Duration> on_lost(Instant now);
  // The user wants no more attempts; what is connected may say goodbye.
  void stop() { settings_.again = false; }

  State state() const { return state_; }
  // When on_time() has something to say; none: never, unless something else happens before.
  std::optional<Instant> next_time() const;

 private:
  Random random_;
  Settings settings_;
  State state_ = State::waiting;
  unsigned failures_ = 0;
  Instant until_{};  // waiting: when to dial; dialing: when to give up
  Instant since_{};  // connected
};

}  // namespace fairlead::client
