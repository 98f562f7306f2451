// The shell's name for a user's connection. Never used twice in one process, so it is also the counter in the client's
// id, and one number finds both.
#pragma once

#include "bus/ids.hpp"

namespace fairlead::gateway {

using UserId = Number64<struct UserTag>;

}  // namespace fairlead::gateway
