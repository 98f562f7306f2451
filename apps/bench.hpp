// Bench is what fairlead-bench talks to. A message `+NAME` joins the group NAME and is answered with the same bytes;
// `@NAME TEXT` sends TEXT to all of the group; everything else is answered with the same bytes, as Echo does.
#pragma once

#include "fairlead/handler.hpp"

namespace fairlead::apps {

class Bench final : public Handler {
 public:
  void on_message(Context& ctx, std::string_view message) override;
};

}  // namespace fairlead::apps
