// fairlead-bench: puts a load on a bus, counts what went wrong, and says how fast it was and what it cost. 0: all is
// well; 1: something was lost, doubled, reordered, foreign or hung up on, or could not be measured; 2: typed wrongly.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/text.hpp"
#include "tools/bench/report.hpp"
#include "tools/bench/rig.hpp"
#include "tools/bench/scenario.hpp"

namespace fairlead::bench {
namespace {

struct Settings {
  std::string scenario = "echo";
  bool bus = false;
  std::vector<std::string> connect;
  std::vector<std::string> pids;
  std::vector<std::string> against;
  std::string protocol = "line";
  std::string transport = "tcp";
  std::string output = "table";
  bool quiet = false;
  std::int64_t rounds = 1;
  BusSettings rig;
  Load load;
};

// Somebody to be measured, as it is typed behind --against; the bus itself first.
struct Plan {
  std::string name;
  std::function<Result<std::unique_ptr<Rig>>()> start;
};

UserEndpoint::Protocol protocol_of(const std::string& name) {
  if (name == "ws") return UserEndpoint::Protocol::ws;
  return name == "frame" ? UserEndpoint::Protocol::frame : UserEndpoint::Protocol::line;
}

// `key=value` changes one thing of the bus.
Result<BusSettings> changed(BusSettings bus, const std::string& typed) {
  const auto equals = typed.find('=');
  const std::string key = typed.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : typed.substr(equals + 1);
  const auto one_of = [&](std::initializer_list<std::string_view> words) -> Status {
    if (std::find(words.begin(), words.end(), value) != words.end()) return Nothing{};
    return Error{"'" + typed + "': '" + value + "' is not among the values of " + key};
  };
  if (key == "journal") {
    if (auto ok = one_of({"none", "process", "os"}); !ok) return ok.error();
    bus.journal = value;
  } else if (key == "transport") {
    if (auto ok = one_of({"tcp", "ipc"}); !ok) return ok.error();
    bus.ipc = value == "ipc";
  } else if (key == "protocol") {
    if (auto ok = one_of({"line", "frame", "ws"}); !ok) return ok.error();
    bus.protocol = protocol_of(value);
  } else if (key == "workers" || key == "gateways") {
    const std::int64_t count = std::atoll(value.c_str());
    if (count < 1 || count > 64) return Error{"'" + typed + "': " + key + " is a number from 1 to 64"};
    (key == "workers" ? bus.workers : bus.gateways) = count;
  } else if (key == "bin") {
    bus.programs = value;
  } else {
    return Error{"'" + typed + "' is neither raw nor journal=, transport=, protocol=, workers=, gateways= or bin="};
  }
  return bus;
}

std::vector<Plan> plans_of(const Settings& settings) {
  std::vector<Plan> plans;
  if (!settings.connect.empty()) {
    plans.push_back({"running", [&]() -> Result<std::unique_ptr<Rig>> {
                       std::vector<UserEndpoint> doors;
                       doors.reserve(settings.connect.size());
                       for (const auto& typed : settings.connect) doors.push_back(*UserEndpoint::for_connect(typed));
                       std::vector<std::int64_t> pids;
                       pids.reserve(settings.pids.size());
                       for (const auto& typed : settings.pids) pids.push_back(std::atoll(typed.c_str()));
                       return Rig::running(std::move(doors), pids);
                     }});
  } else {
    plans.push_back({"bus", [&] { return Rig::bus(settings.rig); }});
  }
  for (const auto& typed : settings.against) {
    if (typed == "raw") {
      plans.push_back({"raw echo", [&] { return Rig::raw_echo(settings.rig.protocol); }});
      // It has no groups.
      if (settings.scenario != "fanout" && settings.scenario != "slow-consumer")
        plans.push_back({"raw pipeline", [&] { return Rig::raw_pipeline(settings.rig); }});
    } else {
      plans.push_back({typed, [&] { return Rig::bus(*changed(settings.rig, typed)); }});
    }
  }
  return plans;
}

std::vector<std::pair<std::string, std::string>> conditions_of(const Settings& settings) {
  const Load& load = settings.load;
  std::vector<std::pair<std::string, std::string>> out{{"clients", std::to_string(load.clients)}};
  if (settings.scenario == "open") {
    out.emplace_back("rate", std::to_string(load.rate));
  } else if (settings.scenario != "idle" && settings.scenario != "overload") {
    out.emplace_back("in-flight", std::to_string(load.in_flight));
  }
  out.emplace_back("payload", std::to_string(load.payload));
  out.emplace_back("seconds", duration_text(load.time));
  out.emplace_back("rounds", std::to_string(settings.rounds));
  if (!settings.connect.empty()) return out;
  out.emplace_back("protocol", settings.protocol);
  out.emplace_back("transport", settings.transport);
  out.emplace_back("journal", settings.rig.journal);
  out.emplace_back("gateways", std::to_string(settings.rig.gateways));
  out.emplace_back("workers", std::to_string(settings.rig.workers));
  return out;
}

// One line on standard error that overwrites itself on a terminal.
void show_progress(const std::string& who, std::int64_t round, std::string_view phase, double per_second) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  std::fprintf(stderr, "%s%-22s round %lld, %.*s: %.0f/s%s", terminal ? "\r\033[K" : "", who.c_str(),
               static_cast<long long>(round), static_cast<int>(phase.size()), phase.data(), per_second,
               terminal ? "" : "\n");
}

io::ExitCode measure(const Settings& settings) {
  const Scenario& scenario = *scenario_named(settings.scenario);
  const std::vector<Plan> plans = plans_of(settings);
  Report report{.scenario = settings.scenario, .conditions = conditions_of(settings), .contenders = {}};
  for (const auto& plan : plans) report.contenders.push_back({.name = plan.name, .rounds = {}});
  // In turn, so that a machine whose speed drifts does so for everybody; and each from a fresh start.
  for (std::int64_t round = 1; round <= settings.rounds; ++round) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const auto rig = plans[i].start();
      if (!rig) {
        std::cerr << "fairlead-bench: " << plans[i].name << ": " << rig.error().message << '\n';
        return io::ExitCode::failure;
      }
      auto measured = scenario.run(**rig, settings.load, [&](std::string_view phase, double per_second) {
        if (!settings.quiet) show_progress(plans[i].name, round, phase, per_second);
      });
      if (!measured) {
        std::cerr << "fairlead-bench: " << plans[i].name << ": " << measured.error().message << '\n';
        return io::ExitCode::failure;
      }
      report.contenders[i].rounds.push_back(std::move(*measured));
    }
  }
  if (!settings.quiet && ::isatty(STDERR_FILENO) == 1) std::fputs("\r\033[K", stderr);
  std::cout << (settings.output == "json" ? report.json().dump(2) + "\n" : report.table());
  return report.is_clean() ? io::ExitCode::ok : io::ExitCode::failure;
}

Status fits_together(const Settings& settings) {
  const Scenario* scenario = scenario_named(settings.scenario);
  if (scenario == nullptr) {
    std::string known;
    for (const auto& one : scenarios()) known += "\n  " + std::string(one.name) + ": " + std::string(one.summary);
    return Error{"there is no scenario '" + printable(settings.scenario) + "'; there are" + known};
  }
  if (settings.bus && !settings.connect.empty())
    return Error{"--bus starts a bus, --connect goes to one that runs: choose one of them"};
  if (scenario->needs_bus && !settings.connect.empty())
    return Error{"the scenario '" + settings.scenario + "' starts and stops workers: it needs --bus"};
  for (const auto& typed : settings.against) {
    if (scenario->needs_bus && typed == "raw")
      return Error{"--against raw: the rivals cannot do '" + settings.scenario + "'"};
    if (typed == "raw") continue;
    if (const auto ok = changed(settings.rig, typed); !ok) return Error{"--against: " + ok.error().message};
  }
  const bool group = settings.scenario == "fanout" || settings.scenario == "slow-consumer";
  if (group && settings.load.clients < 3) return Error{"a group needs --clients 3 at least"};
  if (settings.scenario == "slow-consumer" && settings.load.deaf > settings.load.clients - 2)
    return Error{"--slow: somebody has to read"};
  return Nothing{};
}

std::string own_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

int run(int argc, char** argv) {
  Settings settings;
  settings.rig.programs = own_folder();
  Load& load = settings.load;
  std::string summary =
      "Puts a load on a bus and tells how fast it was, what it cost, and what went wrong.\n\nScenarios:";
  for (const auto& one : scenarios()) {
    summary += "\n  " + std::string(one.name) + std::string(15 - one.name.size(), ' ') + std::string(one.summary);
  }
  io::Options options{{.program = "fairlead-bench", .summary = summary}};
  const auto million = io::between(1, 1'000'000);
  options.argument("scenario", settings.scenario, "what to do; echo by default")
      .flag("bus", settings.bus, "start a bus in a temporary folder, and stop it (what happens without --connect)")
      .list("connect", "ADDRESS", settings.connect,
            "measure what runs already, with the app bench: line://, frame:// or ws://; users take them in turn",
            io::each_valid(&UserEndpoint::for_connect))
      .list("pid", "PID", settings.pids, "with --connect: a process to watch")
      .list("against", "WHAT", settings.against,
            "measured in turn with it: raw (a plain echo and a bare ZeroMQ pipeline), or a bus that differs in "
            "journal=, transport=, protocol=, workers=, gateways= or bin=FOLDER")
      .integer("rounds", settings.rounds, "how often each is measured; medians are told", io::between(1, 1000))
      .integer("clients", load.clients, "how many users", million)
      .integer("in-flight", load.in_flight, "messages of one user under way", million)
      .integer("rate", load.rate, "open: messages a second of all together", io::between(1, 100'000'000))
      .integer("payload", load.payload, "bytes of a message at least", io::between(0, 1'000'000))
      .integer("slow", load.deaf, "slow-consumer: how many users do not read", million)
      .duration("time", load.time, "how long to measure", io::at_least(10ms))
      .duration("warm-up", load.warm_up, "and before", io::at_least(0ms))
      .duration("patience", load.patience, "how long to wait for what is still under way", io::at_least(0ms))
      .text("protocol", "NAME", settings.protocol, "of the users: line, frame or ws",
            io::one_of({"line", "frame", "ws"}))
      .text("transport", "NAME", settings.transport, "between the processes: tcp or ipc", io::one_of({"tcp", "ipc"}))
      .text("journal-level", "LEVEL", settings.rig.journal, "none, process or os",
            io::one_of({"none", "process", "os"}))
      .integer("gateways", settings.rig.gateways, "how many", io::between(1, 64))
      .integer("workers", settings.rig.workers, "how many", io::between(1, 64))
      .text("bin", "FOLDER", settings.rig.programs, "where the other programs are; by default beside this one")
      .text("output", "FORMAT", settings.output, "table, or json for programs", io::one_of({"table", "json"}))
      .flag("quiet", settings.quiet, "no progress on standard error")
      .also([&]() -> Status { return fits_together(settings); });
  if (const auto done = options.load(argc, argv)) return static_cast<int>(*done);
  settings.rig.protocol = protocol_of(settings.protocol);
  settings.rig.ipc = settings.transport == "ipc";
  io::raise_file_limit();
  return io::run_main([&] { return measure(settings); });
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) { return fairlead::bench::run(argc, argv); }
