// The applications that come with fairlead-worker, by the name that --app gives.
#pragma once

#include <string_view>

#include "fairlead/handler.hpp"

namespace fairlead::apps {

// An Error that lists the names when there is none of this name.
Result<MakeHandler> app_named(std::string_view name);

}  // namespace fairlead::apps
