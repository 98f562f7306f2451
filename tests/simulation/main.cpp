// fairlead-simulation: whole buses in virtual time, from seeds.
//
//   fairlead-simulation --seeds 1..2000 --jobs 2      run them all; says which failed, and how to repeat each
//   fairlead-simulation --trace 1234                  run one, telling everything that happens
//   fairlead-simulation --shrink 1234                 make a failing run smaller, and say how to repeat that
//   fairlead-simulation-mutated --mutate NAME --seeds 1..300     take a rule away; somebody must notice
//   fairlead-simulation-mutated --prove NAME,NAME --seeds 1..300   each of them must be noticed
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "bus/mutation.hpp"
#include "bus/text.hpp"
#include "tests/simulation/shrink.hpp"
#include "tests/simulation/world.hpp"

namespace fairlead::simulation {
namespace {

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
  std::optional<std::uint64_t> trace;
  std::optional<std::uint64_t> shrink;
  std::optional<Faults> faults;
  std::optional<unsigned> gateways;
  std::optional<unsigned> workers;
  std::optional<unsigned> users;
  std::optional<Duration> length;
  std::optional<Duration> pace;
  unsigned jobs = 1;
  std::string prove;

  Settings settings(std::uint64_t seed) const {
    Settings settings = Settings::of(seed);
    settings.faults = faults.value_or(settings.faults);
    settings.gateways = gateways.value_or(settings.gateways);
    settings.workers = workers.value_or(settings.workers);
    settings.users = users.value_or(settings.users);
    settings.length = length.value_or(settings.length);
    settings.pace = pace.value_or(settings.pace);
    return settings;
  }
};

[[noreturn]] void usage(const std::string& why) {
  std::cerr << "fairlead-simulation: " << why
            << "\nusage: fairlead-simulation [--seeds A..B] [--jobs N] [--trace SEED | "
            << "--shrink SEED] [--faults LIST|none|all]\n"
            << "       [--gateways N] [--workers N] [--users N] [--length 10s] [--pace 200ms] [--mutate NAME | --prove "
            << "NAME,…]\nfaults: " << Faults::all().text() << "\n";
  std::exit(2);
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) usage("'" + std::string(text) + "' is not a number");
  return value;
}

template <class T>
T taken(Result<T> result) {
  if (!result) usage(result.error().message);
  return std::move(result).value();
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) usage("'" + std::string(name) + "' needs a value");
    const std::string_view value = argv[i + 1];
    if (name == "--seeds") {
      const std::size_t dots = value.find("..");
      arguments.first = number(value.substr(0, dots));
      arguments.last = dots == std::string_view::npos ? arguments.first : number(value.substr(dots + 2));
    } else if (name == "--trace") {
      arguments.trace = number(value);
    } else if (name == "--shrink") {
      arguments.shrink = number(value);
    } else if (name == "--faults") {
      arguments.faults = taken(Faults::parse(value));
    } else if (name == "--gateways") {
      arguments.gateways = static_cast<unsigned>(number(value));
    } else if (name == "--workers") {
      arguments.workers = static_cast<unsigned>(number(value));
    } else if (name == "--users") {
      arguments.users = static_cast<unsigned>(number(value));
    } else if (name == "--length") {
      arguments.length = taken(parse_duration(value));
    } else if (name == "--pace") {
      arguments.pace = taken(parse_duration(value));
    } else if (name == "--jobs") {
      arguments.jobs = static_cast<unsigned>(number(value));
#ifdef FAIRLEAD_MUTATIONS
    } else if (name == "--mutate") {
      active_mutation = value;
    } else if (name == "--prove") {
      arguments.prove = value;
#endif
    } else {
      usage("there is no '" + std::string(name) + "' here");
    }
  }
  return arguments;
}

// In a process of its own, so that a check that fails there costs that run only. True: it went well.
bool in_child(const std::function<bool()>& work) {
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    const bool well = work();
    std::cout.flush();
    _exit(well ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int trace(const Arguments& arguments) {
  const Settings settings = arguments.settings(*arguments.trace);
  std::cout << settings.repeat() << "\n";
  const Outcome outcome = World(settings).run([](const std::string& line) { std::cout << line << "\n"; });
  std::cout << (outcome.ok() ? "all promises were kept" : "VIOLATION: " + outcome.violation) << "\n";
  return outcome.ok() ? 0 : 1;
}

int shrink_seed(const Arguments& arguments) {
  const auto fails = [](const Settings& settings) { return !in_child([&] { return World(settings).run().ok(); }); };
  const auto tell = [](const Settings& settings) { std::cout << settings.repeat() << std::endl; };
  const Settings failing = arguments.settings(*arguments.shrink);
  if (!fails(failing)) {
    std::cout << "seed " << failing.seed << " does not fail\n";
    return 0;
  }
  const Settings smallest = shrink(failing, fails, tell);
  std::cout << "smallest: fairlead-simulation " << smallest.repeat() << "\n";
  return 1;
}

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  std::uint64_t steps = 0;
  std::uint64_t commits = 0;
  std::uint64_t skipped = 0;
  Duration longest_rest{};
  std::uint64_t longest_rest_seed = 0;
};

std::uint64_t running_seed = 0;

void on_abort(int) {
  const std::string text = "a check failed in seed " + std::to_string(running_seed) + "\n";
  [[maybe_unused]] const auto written = write(1, text.data(), text.size());
}

// Every `jobs`-th seed from `first` on. `stop_at_failure`: the first one is enough.
Totals run_seeds(const Arguments& arguments, unsigned job, bool stop_at_failure) {
  std::signal(SIGABRT, on_abort);
  Totals totals;
  for (std::uint64_t seed = arguments.first + job; seed <= arguments.last; seed += arguments.jobs) {
    running_seed = seed;
    const Settings settings = arguments.settings(seed);
    const Outcome outcome = World(settings).run();
    ++totals.seeds;
    totals.steps += outcome.steps;
    totals.commits += outcome.commits;
    totals.skipped += outcome.skipped;
    if (outcome.to_rest > totals.longest_rest) {
      totals.longest_rest = outcome.to_rest;
      totals.longest_rest_seed = seed;
    }
    if (outcome.ok()) continue;
    ++totals.failed;
    std::cout << "seed " << seed << " failed: " << outcome.violation << "\n    repeat: fairlead-simulation "
              << settings.repeat() << std::endl;
    if (stop_at_failure) break;
  }
  return totals;
}

bool run_job(const Arguments& arguments, unsigned job, bool stop_at_failure) {
  const auto begin = std::chrono::steady_clock::now();
  const Totals totals = run_seeds(arguments, job, stop_at_failure);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf(
      "%llu seeds, %llu failed; %llu events committed, %llu of them dead letters; %llu steps, %.0f seeds/s; at rest "
      "after at most %.1f s (seed %llu)\n",
      static_cast<unsigned long long>(totals.seeds), static_cast<unsigned long long>(totals.failed),
      static_cast<unsigned long long>(totals.commits), static_cast<unsigned long long>(totals.skipped),
      static_cast<unsigned long long>(totals.steps), static_cast<double>(totals.seeds) / seconds,
      static_cast<double>(totals.longest_rest.count()) / 1e9,
      static_cast<unsigned long long>(totals.longest_rest_seed));
  std::fflush(stdout);
  return totals.failed == 0;
}

int run_all(const Arguments& arguments) {
  if (arguments.jobs <= 1) return run_job(arguments, 0, false) ? 0 : 1;
  std::vector<pid_t> children;
  for (unsigned job = 0; job < arguments.jobs; ++job) {
    std::cout.flush();
    const pid_t child = fork();
    if (child == 0) _exit(run_job(arguments, job, false) ? 0 : 1);
    children.push_back(child);
  }
  bool well = true;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return well ? 0 : 1;
}

#ifdef FAIRLEAD_MUTATIONS
int prove(const Arguments& arguments) {
  bool all = true;
  for (std::string_view rest = arguments.prove; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    active_mutation = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    const bool unnoticed = in_child([&] { return run_seeds(arguments, 0, true).failed == 0; });
    std::cout << active_mutation << (unnoticed ? ": NOT NOTICED" : ": noticed") << std::endl;
    all = all && !unnoticed;
  }
  return all ? 0 : 1;
}
#endif

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (arguments.trace) return trace(arguments);
  if (arguments.shrink) return shrink_seed(arguments);
#ifdef FAIRLEAD_MUTATIONS
  if (!arguments.prove.empty()) return prove(arguments);
#endif
  return run_all(arguments);
}

}  // namespace
}  // namespace fairlead::simulation

int main(int argc, char** argv) { return fairlead::simulation::run(argc, argv); }
