// Echo, but for two questions: which edition is this, and which process. `die` is the end of it.
#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

#include "fairlead/module.hpp"

namespace {

class Echo final : public fairlead::Handler {
 public:
  // What it is told when it stops is written where the test looks for it.
  void on_stop(fairlead::StopReason reason) override {
    const char* const diary = std::getenv("DIARY");
    if (diary == nullptr) return;
    constexpr const char* names[] = {"asked", "replaced", "failed"};
    std::ofstream(diary, std::ios::app) << EDITION << " " << names[static_cast<int>(reason)] << std::endl;
  }

  void on_message(fairlead::Context& ctx, std::string_view message) override {
    if (message == "edition?") return ctx.reply(EDITION);
    if (message == "pid?") return ctx.reply(std::to_string(::getpid()));
    if (message == "die") std::abort();
    ctx.reply(message);
  }
};

}  // namespace

FAIRLEAD_MODULE(Echo);
