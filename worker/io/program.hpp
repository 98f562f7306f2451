// The command line of a worker program, whichever handlers it runs.
#pragma once

#include <functional>
#include <string>

#include "fairlead/handler.hpp"

#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/time.hpp"

namespace fairlead::worker {

struct ProgramSettings {
  std::string broker = "tcp://127.0.0.1:7700";
  std::string name;  // host and process id when empty
  std::string version;
  std::int64_t threads = 1;
  std::string store = "memory:";
  Duration drain_time = 30s;
};

// Declares what every worker program has.
void declare(io::Options& options, ProgramSettings& settings);

// Serves until a signal says to stop: the first one drains, a second one ends the process at once.
io::ExitCode serve(const ProgramSettings& settings, const std::string& app, MakeHandler make_handler);

// host:pid, what a worker is called when nobody named it.
std::string default_name();

}  // namespace fairlead::worker
