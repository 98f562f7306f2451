// What a gateway shows on its --metrics port. docs/metrics.md has the names.
#pragma once

#include <cstdint>

#include "bus/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/io/users.hpp"

namespace fairlead::gateway::io {

MetricsPage metrics_of(const Gateway& gateway, const Users& users, std::uint64_t malformed_frames);

}  // namespace fairlead::gateway::io
