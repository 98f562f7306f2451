// What one run is made of: which kinds of fault may happen, and how big the bus is. All of it follows from the seed,
// unless it is narrowed down to find out what a failure needs.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::simulation {

enum class Fault : std::uint8_t {
  worker_crash,   // kill -9, at once replaced by a new process
  worker_freeze,  // takes no turn for a while
  worker_drain,   // rolling restart: asked to stop, replaced when it has
  worker_none,    // no worker at all for a while
  broker_crash,   // kill -9; restarts from its journal
  broker_torn,    // kill -9 in the middle of a journal write
  broker_freeze,
  gateway_crash,  // its users lose their connections
  gateway_freeze,
  gateway_stop,  // asked to stop: closes its users, drains
  partition,     // black hole between a process and the broker, one way or both
  link_reset,    // a connection is cut, the tail on the way is lost
  drop,          // a frame vanishes without a trace
  would_block,   // a send is refused although the connection is up
  stale,         // frames of an ended connection arrive long after
  latency,       // seldom, a frame takes very long
  disk_full,     // the journal cannot be written for a while
  poison,        // messages that kill whatever worker handles them
  failing,       // messages whose handler fails
  slow,          // handlers that take long
  stuck,         // handlers that take longer than the deadline
  churn,         // users come and go
  budget,        // turns that take only part of what waits
};
inline constexpr std::size_t fault_kinds = 23;

std::string_view text(Fault fault);

class Faults {
 public:
  bool has(Fault fault) const { return set_[static_cast<std::size_t>(fault)]; }
  void set(Fault fault, bool on = true) { set_[static_cast<std::size_t>(fault)] = on; }
  std::size_t size() const { return set_.count(); }
  static Faults all() {
    Faults faults;
    return faults.set_.set(), faults;
  }

  std::string text() const;  // "drop,link_reset", or "none"
  static Result<Faults> parse(std::string_view list);
  bool operator==(const Faults&) const = default;

 private:
  std::bitset<fault_kinds> set_;
};

struct Settings {
  std::uint64_t seed = 0;
  Faults faults;
  unsigned gateways = 2;
  unsigned workers = 3;
  unsigned users = 8;
  Duration length = 10s;  // how long users type and faults happen; then everything must come to rest
  Duration pace = 200ms;  // between two messages of a user, on average

  // What the seed says.
  static Settings of(std::uint64_t seed);
  // How to run exactly this again.
  std::string repeat() const;
};

}  // namespace fairlead::simulation
