#include "bus/pause.hpp"

namespace fairlead {

Duration PauseDetector::on_turn(Instant now) {
  const Duration since = now - last_turn_;
  const bool paused = started_ && since > longest_turn;
  started_ = true;
  last_turn_ = now;
  return paused ? since : Duration{0};
}

}  // namespace fairlead
