// What a broker shows on its --metrics port. docs/metrics.md has the names.
#pragma once

#include <cstdint>

#include "broker/broker.hpp"
#include "bus/metrics.hpp"
#include "bus/time.hpp"

namespace fairlead::broker::io {

// What the service measures around the broker.
struct Measured {
  Histogram journal_writes = Histogram::of_seconds();
  Histogram commits_per_write = Histogram::of_counts();
  std::uint64_t commits = 0;  // before the last write
  std::uint64_t peers_admitted = 0;
  std::uint64_t peers_refused = 0;
};

MetricsPage metrics_of(const Broker& broker, const Measured& measured, std::size_t journal_bytes, Instant now);

}  // namespace fairlead::broker::io
