// The command line of a worker program, whichever handlers it runs, and which of its processes this one is: a worker by
// itself, the parent of several, or one of these.
#pragma once

#include <optional>
#include <string>

#include "fairlead/handler.hpp"

#include "bus/io/keys.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/time.hpp"

namespace fairlead::worker {

struct ProgramSettings {
  std::string broker = "tcp://127.0.0.1:7700";
  io::KeyOptions keys;
  std::string name;  // host and process id when empty
  std::string version;
  std::int64_t threads = 1;
  std::int64_t workers = 0;  // 0: this process is the worker
  std::string module;        // a file, instead of what is compiled in
  std::string store = "memory:";
  std::string metrics;  // an address, or empty; of several processes the first one's
  Duration drain_time = 30s;
  Duration reload_time = 30s;
};

// Declares what every worker program has: all of them but --module.
void declare(io::Options& options, ProgramSettings& settings);

// What is compiled into the program.
struct Business {
  std::string app;  // for people to see
  MakeHandler make_handler;
};

// After options.load(). Serves, or watches over those who do, until a signal says to stop: the first one drains, a
// second one ends it at once.
io::ExitCode run_program(int argc, char** argv, const io::Options& options, const ProgramSettings& settings,
                         Business compiled_in);

// host:pid, what a worker is called when nobody named it.
std::string default_name();

}  // namespace fairlead::worker
