// Makes a failing run smaller: takes away kinds of faults, processes, users and time, as long as it still fails.
#pragma once

#include <functional>
#include <string>

#include "tests/simulation/settings.hpp"

namespace fairlead::simulation {

// `fails` runs the settings and says whether a promise was broken; `tell` hears of every smaller failure.
Settings shrink(Settings failing, const std::function<bool(const Settings&)>& fails,
                const std::function<void(const Settings&)>& tell);

}  // namespace fairlead::simulation
