// How many units a worker wants to have at a time (docs/protocol.md, K4): about a millisecond of work by what units
// took lately. Enough that it never waits for the broker, so little that nothing queues behind a slow handler that
// another worker could do.
#pragma once

#include <cstdint>

#include "bus/time.hpp"

namespace fairlead::worker {

class CreditMeter {
 public:
  static constexpr Duration ahead = 1ms;
  static constexpr std::uint64_t most = 256;

  // A handler took so long; `unit_done`: it was the last one of its unit.
  void on_handled(Duration took, bool unit_done);

  // 1 until something was measured.
  std::uint64_t units() const;

  // The credit to tell, if what was told last is noticeably off: by a quarter.
  bool worth_telling(std::uint64_t told) const;

 private:
  Duration average_{0};  // of a unit's handlers together, the last ones weighing most
  Duration running_{0};  // of the unit at hand
};

}  // namespace fairlead::worker
