// What taps are shown of the traffic. Nothing, at the price of one branch, while nobody listens.
//
// A tap subscribes to a topic that is its filter (schemas/tap_filter.hpp); what matches is written down here, a JSON
// object a line, and leaves in frames at the end of the turn. Bounded three ways: so many filters, so many records and
// bytes a second for each, and what libzmq holds for a tap that does not read. Beyond them records are dropped and
// counted, and every frame says how many; nobody else ever waits.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/state.hpp"
#include "bus/time.hpp"
#include "schemas/records.hpp"
#include "schemas/tap_filter.hpp"

namespace fairlead::broker {

class Tap {
 public:
  static constexpr std::size_t most_filters = 16;
  static constexpr std::size_t frame_bytes = std::size_t{32} << 10U;
  static constexpr double records_a_second = 20'000;
  static constexpr double bytes_a_second = 4 << 20U;
  static constexpr Duration word_every = 1s;  // a frame without records tells a tap that it is heard

  struct Counters {
    std::uint64_t seen = 0;     // things that happened while somebody listened
    std::uint64_t matched = 0;  // summed over the filters
    std::uint64_t dropped = 0;  // of these, beyond what a tap may have
    std::uint64_t refused = 0;  // filters: that cannot be read, or one too many
  };

  bool on() const { return !listeners_.empty(); }
  // As XPUB receives it: 1 or 0, then the topic.
  void on_subscription(std::string_view message, Instant now);
  // Its socket was closed, which says nothing of those who listened.
  void on_socket_closed() { listeners_.clear(), full_.clear(); }

  // What happened. `state` is the state before it. Only while on().
  void event(const State& state, const std::string& gateway, const ClientId& client, const schemas::UnitEvent& event);
  void unit(const State& state, const std::string& worker, const schemas::Unit& unit,
            std::span<const schemas::UnitEvent> events);
  void outcome(const State& state, const std::string& worker, const ClientId& client, const schemas::UnitEvent& event,
               const schemas::Outcome& outcome);
  void dead(const State& state, const ClientId& client, const schemas::UnitEvent& event, const std::string& reason);
  void deliveries(const State& state, const std::string& gateway, std::uint64_t first, std::string_view records);

  // The frames of this turn, topic in front. `since_epoch` is the wall clock's time.
  std::vector<std::string> end_turn(Instant now, Duration since_epoch);

  const Counters& counters() const { return counters_; }
  std::size_t filters() const { return listeners_.size(); }

 private:
  struct Listener {
    std::size_t body = 0;
    schemas::TapFilter filter;
    std::string lines;        // of the frame that is growing
    double records_left = 0;  // it may have before the next refill
    double bytes_left = 0;
    Instant refilled{};
    Instant told{};
    // Since it began; every frame has them, so that a tap knows what it has missed.
    std::uint64_t seen = 0;
    std::uint64_t matched = 0;
    std::uint64_t dropped = 0;
    std::uint64_t sent = 0;
  };
  struct Seen;

  void show(const Seen& seen);
  void finish(const std::string& topic, Listener& listener, Duration since_epoch, std::vector<std::string>& frames);

  std::map<std::string, Listener> listeners_;  // by topic
  std::vector<std::string> full_;              // frames that were full before the turn's end
  Duration since_epoch_{};
  Counters counters_;
};

}  // namespace fairlead::broker
