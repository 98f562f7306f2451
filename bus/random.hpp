// A small seeded generator. Whoever needs chance is handed one, so that a seed tells the whole story.
#pragma once

#include <cstdint>

#include "bus/time.hpp"

namespace fairlead {

// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, passes BigCrush. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();

  // Evenly from [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);

  // True once in `times` on average; times > 0.
  bool one_in(std::uint64_t times) { return below(times) == 0; }

  // `base` give or take a quarter, so that peers that lost the same broker do not come back in step.
  Duration jittered(Duration base);

 private:
  std::uint64_t state_;
};

}  // namespace fairlead
