// A module that is wrong in one way, which the build chooses.
#include <csignal>
#include <stdexcept>

#include <unistd.h>

#include "fairlead/module.hpp"

namespace {

[[maybe_unused]] void hang() {
  [[maybe_unused]] const auto told = ::write(STDERR_FILENO, "hangs\n", 6);
  while (true) ::pause();
}

[[maybe_unused]] void crash() { ::raise(SIGSEGV); }

struct WhenLoaded {
  WhenLoaded() {
#if defined(BROKEN_throws_when_loaded)
    throw std::runtime_error("not even loaded");
#elif defined(BROKEN_crashes_when_loaded)
    crash();
#elif defined(BROKEN_hangs_when_loaded)
    hang();
#endif
  }
};
const WhenLoaded when_loaded;

class Broken final : public fairlead::Handler {
 public:
  Broken() {
#if defined(BROKEN_throws_when_made)
    throw std::runtime_error("no colours today");
#endif
  }

  void on_start(fairlead::WorkerInfo&) override {
#if defined(BROKEN_throws_at_start)
    throw std::runtime_error("the price list is missing");
#elif defined(BROKEN_crashes_at_start)
    crash();
#elif defined(BROKEN_hangs_at_start)
    hang();
#endif
  }

  void on_message(fairlead::Context&, std::string_view) override {}
};

}  // namespace

#if defined(BROKEN_other_version)
#undef FAIRLEAD_MODULE_VERSION
#define FAIRLEAD_MODULE_VERSION "0.0.7-older"
#endif

FAIRLEAD_MODULE(Broken);
