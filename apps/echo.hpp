// Echo answers every message with the same bytes, in the same kind: for measuring, and for seeing that a bus works.
#pragma once

#include "fairlead/handler.hpp"

namespace fairlead::apps {

class Echo final : public Handler {
 public:
  void on_message(Context& ctx, std::string_view message) override;
};

}  // namespace fairlead::apps
