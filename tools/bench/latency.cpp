#include "tools/bench/latency.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fairlead::bench {

// Values below `steps` have a bucket each; above, each power of two has `steps` of them.
std::size_t Latency::bucket_of(std::uint64_t value) {
  if (value < steps) return value;
  const auto power = static_cast<std::size_t>(std::bit_width(value)) - std::bit_width(steps) + 1;
  return std::min(power * steps + (value >> (power - 1U)) - steps, buckets - 1);
}

std::uint64_t Latency::end_of(std::size_t bucket) {
  const std::size_t power = bucket / steps;
  if (power == 0) return bucket;
  return ((std::uint64_t{steps} + bucket % steps + 1) << (power - 1U)) - 1;
}

void Latency::add(Duration took) {
  const auto value = static_cast<std::uint64_t>(std::max<Duration::rep>(took.count(), 0));
  ++counts_[bucket_of(value)];
  ++count_;
  longest_ = std::max(longest_, took);
}

Latency& Latency::operator+=(const Latency& other) {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  longest_ = std::max(longest_, other.longest_);
  return *this;
}

Duration Latency::at(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) return std::min(Duration(static_cast<Duration::rep>(end_of(i))), longest_);
  }
  return {};
}

}  // namespace fairlead::bench
