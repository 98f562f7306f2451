// What a daemon does with the operating system around it: descriptors, the service manager, how it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bus/time.hpp"

namespace fairlead::io {

enum class ExitCode { ok = 0, failure = 1, usage = 2 };

// Raises the soft limit on open descriptors to the hard one; returns what it is now.
std::uint64_t raise_file_limit();

// The service manager's notification socket (sd_notify), if there is one; otherwise all of this does nothing.
class ServiceManager {
 public:
  ServiceManager();  // from $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID

  void ready(std::string_view status = {}) const;
  void reloading() const;
  void stopping() const;
  void still_alive() const;  // from the main loop, at least every watchdog_every()
  std::optional<Duration> watchdog_every() const { return watchdog_every_; }  // half of what the manager allows

 private:
  void tell(std::string_view message) const;

  std::string socket_;
  std::optional<Duration> watchdog_every_;
};

// Runs `body` and returns what main should; an exception ends as one logged line and ExitCode::failure.
//
//   int main(int argc, char** argv) { return run_main([&] { return run(argc, argv); }); }
int run_main(const std::function<ExitCode()>& body) noexcept;

}  // namespace fairlead::io
