// Calls what nobody has.
#include "fairlead/module.hpp"

namespace prices {
int of(const char* article);
}

struct Shop final : fairlead::Handler {
  void on_message(fairlead::Context& ctx, std::string_view message) override {
    ctx.reply(std::to_string(prices::of(std::string(message).c_str())));
  }
};

FAIRLEAD_MODULE(Shop);
