// What happened, line by line, for a person who reads a failing seed: the time since the beginning, who, what.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "bus/time.hpp"
#include "tests/simulation/schedule.hpp"

namespace fairlead::simulation {

class Trace {
 public:
  using Sink = std::function<void(const std::string& line)>;

  explicit Trace(const Schedule& schedule) : schedule_(schedule) {}

  void to(Sink sink) { sink_ = std::move(sink); }
  // Ask before computing what to tell: most runs tell nothing.
  bool on() const { return static_cast<bool>(sink_); }
  void tell(std::string_view who, std::string_view what) const;

 private:
  const Schedule& schedule_;
  Sink sink_;
};

// "[3] event c7#2 message '#1 echo', heartbeat 12": what a frame says, its topic already taken off.
enum class Direction { from_gateway, to_gateway, from_worker, to_worker };
std::string describe(std::string_view frame, Direction direction);

}  // namespace fairlead::simulation
