#include "tests/simulation/settings.hpp"

#include "bus/random.hpp"

namespace fairlead::simulation {
namespace {

constexpr std::array<std::string_view, fault_kinds> names = {
    "worker_crash",  "worker_freeze", "worker_drain",   "worker_none",  "broker_crash", "broker_torn",
    "broker_freeze", "gateway_crash", "gateway_freeze", "gateway_stop", "partition",    "link_reset",
    "drop",          "would_block",   "stale",          "latency",      "disk_full",    "poison",
    "failing",       "slow",          "stuck",          "churn",        "budget"};

}  // namespace

std::string_view text(Fault fault) { return names.at(static_cast<std::size_t>(fault)); }

std::string Faults::text() const {
  std::string list;
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    if (!set_[i]) continue;
    if (!list.empty()) list += ',';
    list += names.at(i);
  }
  return list.empty() ? "none" : list;
}

Result<Faults> Faults::parse(std::string_view list) {
  Faults faults;
  if (list == "none") return faults;
  if (list == "all") return all();
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    bool known = false;
    for (std::size_t i = 0; i < fault_kinds; ++i) {
      if (names.at(i) != name) continue;
      known = true;
      faults.set_.set(i);
    }
    if (!known) return Error{"there is no fault called '" + std::string(name) + "'; there are " + all().text()};
  }
  return faults;
}

Settings Settings::of(std::uint64_t seed) {
  Random random(seed * 2 + 1);
  Settings settings{.seed = seed};
  settings.gateways = 1 + static_cast<unsigned>(random.below(3));
  settings.workers = 1 + static_cast<unsigned>(random.below(4));
  settings.users = 1 + static_cast<unsigned>(random.below(14));
  settings.length = 3s + Duration(random.below(12) * 1'000'000'000);
  settings.pace = std::chrono::milliseconds(20 + random.below(600));
  // A few kinds at a time show more than all of them at once, which mostly show each other.
  const std::uint64_t mood = random.below(8);
  const std::uint64_t one_in = mood == 0 ? 0 : mood < 6 ? 4 : 2;
  for (std::size_t i = 0; i < fault_kinds; ++i)
    settings.faults.set(static_cast<Fault>(i), one_in != 0 && random.one_in(one_in));
  return settings;
}

std::string Settings::repeat() const {
  return "--trace " + std::to_string(seed) + " --faults " + faults.text() + " --gateways " + std::to_string(gateways) +
         " --workers " + std::to_string(workers) + " --users " + std::to_string(users) + " --length " +
         std::to_string(length / 1ms) + "ms --pace " + std::to_string(pace / 1ms) + "ms";
}

}  // namespace fairlead::simulation
