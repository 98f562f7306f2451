// What a worker shows on its --metrics port. docs/metrics.md has the names.
#pragma once

#include "fairlead/store.hpp"

#include "bus/metrics.hpp"
#include "worker/io/crew.hpp"

namespace fairlead::worker {

MetricsPage metrics_of(Crew& crew, unsigned threads, const Store& store);

}  // namespace fairlead::worker
