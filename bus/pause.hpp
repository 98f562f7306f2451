// Notices that this process did not run for a while, so that deadlines can be moved by as much (docs/protocol.md, L8).
#pragma once

#include "bus/time.hpp"

namespace fairlead {

class PauseDetector {
 public:
  static constexpr Duration longest_turn = 1s;

  // To be called at the end of every turn of the main loop, after its input was taken. Answers how far all deadlines
  // are to be moved: zero, unless more than a second has passed since the last call.
  Duration on_turn(Instant now);

 private:
  Instant last_turn_{};
  bool started_ = false;
};

}  // namespace fairlead
