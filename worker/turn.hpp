// A turn is one call of business code for one event, and the outcome that comes of it: the one place where a handler's
// exception is caught.
#pragma once

#include "fairlead/handler.hpp"

#include "worker/context.hpp"

namespace fairlead::worker {

// Calls the handler for `around.event` and answers what it came to. On Verdict::failed the outcome has no effects, and
// `around.own` is no longer what the broker has: the rest of the unit must be dropped (docs/protocol.md, K3).
schemas::Outcome take_turn(Handler& handler, EventContext::Around around);

}  // namespace fairlead::worker
