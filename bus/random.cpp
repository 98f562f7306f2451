#include "bus/random.hpp"

#include "bus/check.hpp"

namespace fairlead {

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

std::uint64_t Random::below(std::uint64_t bound) {
  FAIRLEAD_CHECK(bound > 0, "a random number below nothing");
  // The bias of the remainder is below 2^-40 for every bound we use.
  return next() % bound;
}

Duration Random::jittered(Duration base) {
  const auto half = static_cast<std::uint64_t>(base.count()) / 2;
  if (half == 0) return base;
  return base - Duration{static_cast<std::int64_t>(half / 2)} + Duration{static_cast<std::int64_t>(below(half))};
}

}  // namespace fairlead
