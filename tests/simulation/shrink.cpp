#include "tests/simulation/shrink.hpp"

#include <vector>

namespace fairlead::simulation {
namespace {

std::vector<Settings> smaller(const Settings& from) {
  std::vector<Settings> all;
  const auto with = [&](auto change) {
    Settings settings = from;
    change(settings);
    all.push_back(settings);
  };
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    const auto fault = static_cast<Fault>(i);
    if (from.faults.has(fault)) with([&](Settings& s) { s.faults.set(fault, false); });
  }
  if (from.gateways > 1) with([](Settings& s) { --s.gateways; });
  if (from.workers > 1) with([](Settings& s) { --s.workers; });
  if (from.users > 1) with([](Settings& s) { s.users /= 2; });
  if (from.users > 1) with([](Settings& s) { --s.users; });
  if (from.length > 500ms) with([](Settings& s) { s.length /= 2; });
  if (from.length > 1s) with([](Settings& s) { s.length -= 500ms; });
  if (from.pace < 2s) with([](Settings& s) { s.pace *= 2; });
  return all;
}

}  // namespace

Settings shrink(Settings failing, const std::function<bool(const Settings&)>& fails,
                const std::function<void(const Settings&)>& tell) {
  for (bool progress = true; progress;) {
    progress = false;
    for (const Settings& candidate : smaller(failing)) {
      if (!fails(candidate)) continue;
      failing = candidate;
      tell(failing);
      progress = true;
      break;
    }
  }
  return failing;
}

}  // namespace fairlead::simulation
