// A shared library that says FAIRLEAD_MODULE nowhere.
#include "fairlead/handler.hpp"

struct Forgotten final : fairlead::Handler {
  void on_message(fairlead::Context& ctx, std::string_view message) override { ctx.reply(message); }
};

extern "C" fairlead::Handler* forgotten() { return new Forgotten; }
