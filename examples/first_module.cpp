// The first worker as a shared library. Build it with what find_package(fairlead COMPONENTS worker) brings,
//
//   add_library(first MODULE first_module.cpp)
//   target_link_libraries(first PRIVATE fairlead::module)
//
// start it with fairlead-worker --module libfirst.so, change it, build it again, and send that fairlead-worker a SIGHUP.
#include <fairlead/module.hpp>

struct Echo : fairlead::Handler {
  void on_message(fairlead::Context& ctx, std::string_view message) override { ctx.reply(message); }
};

FAIRLEAD_MODULE(Echo);
