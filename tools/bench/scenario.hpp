// The loads that the bench knows, and what one run of one of them against one rig gave.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/result.hpp"
#include "bus/time.hpp"
#include "tools/bench/crowd.hpp"
#include "tools/bench/rig.hpp"

namespace fairlead::bench {

struct Load {
  std::string scenario = "echo";
  std::int64_t clients = 64;
  std::int64_t in_flight = 1;
  std::int64_t rate = 5000;  // open
  std::int64_t payload = 64;
  std::int64_t deaf = 1;  // slow-consumer: of the clients
  Duration time = 4s;
  Duration warm_up = 500ms;
  Duration patience = 30s;  // for what is still under way
};

struct ProcessCost {
  std::string name;
  double cpu = 0;     // microseconds for each message
  double memory = 0;  // bytes at the end
  double growth = 0;  // bytes since before the users came, for each of them
};

struct Measurement {
  double seconds = 0;
  std::uint64_t messages = 0;
  double per_second = 0;
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0, longest = 0;  // microseconds
  Tally tally;
  std::vector<ProcessCost> processes;
  double cpu = 0;                                    // of all of them
  std::vector<std::pair<std::string, double>> more;  // what only this scenario has, by name and unit
};

// How far it is; called a few times a second.
using Progress = std::function<void(std::string_view phase, double per_second)>;

struct Scenario {
  std::string_view name;
  std::string_view summary;
  bool needs_bus;  // of our own: it attaches and retires workers
  Result<Measurement> (*run)(Rig&, const Load&, const Progress&);
};
const std::vector<Scenario>& scenarios();
const Scenario* scenario_named(std::string_view name);

}  // namespace fairlead::bench
