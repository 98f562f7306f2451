// fairlead-gateway: reads its settings and runs the shell.
#include <string>
#include <vector>

#include "bus/io/keys.hpp"
#include "bus/io/options.hpp"
#include "gateway/io/entrance_options.hpp"
#include "gateway/io/shell.hpp"
#include "schemas/limits.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::ExitCode;

Status fits_a_name(const std::string& name) {
  if (name.size() > schemas::max_name)
    return Error{"a name has at most " + std::to_string(schemas::max_name) + " bytes"};
  return Nothing{};
}

ExitCode run(int argc, char** argv) {
  std::string broker = "tcp://127.0.0.1:7700";
  std::vector<std::string> listen;
  std::uint64_t outbox_memory = std::uint64_t{512} << 20U;
  std::uint64_t uncommitted_bytes = std::uint64_t{32} << 20U;
  std::int64_t uncommitted = 8192;
  std::int64_t uncommitted_per_client = 32;
  std::int64_t max_connections = 0;
  std::int64_t max_connections_per_address = 0;
  EntranceOptions entrances;
  fairlead::io::KeyOptions keys;
  ShellSettings settings;
  UserSettings& users = settings.users;

  constexpr std::int64_t million = 1'000'000;
  using fairlead::io::at_least;
  using fairlead::io::between;
  using fairlead::io::size_between;
  constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30U;
  fairlead::io::Options options{
      {.program = "fairlead-gateway",
       .summary = "Holds users' connections: takes what they say to the bus, and replies back."}};
  options
      .text("broker", "ENDPOINT", broker, "base endpoint of the bus, tcp://HOST:PORT or ipc://DIR/NAME",
            fairlead::io::valid(&BusAddress::for_connect))
      .list(
          "listen", "ENDPOINT", listen,
          "where users come in: line://HOST:PORT, frame://HOST:PORT, ws://HOST:PORT/PATH; ?max-message=4k and the like "
          "behind it are for that listener only",
          [](const std::vector<std::string>& typed) -> Status {
            if (auto some = fairlead::io::at_least_one()(typed); !some) return some;
            return fairlead::io::each_valid(&UserEndpoint::for_listen)(typed);
          })
      .text("www", "DIR", users.www, "files for browsers that come to a ws listener; none by default")
      .text("name", "NAME", settings.name,
            "this gateway's name, the same after a restart; by default the machine's and the first port", fits_a_name)
      .integer("max-connections", max_connections, "users in all; who comes then is refused; 0: as many as come",
               between(0, 100 * million))
      .integer("max-connections-per-address", max_connections_per_address,
               "likewise of one IPv4 address or one /64 of IPv6", between(0, 100 * million))
      .size("outbox-memory", outbox_memory, "what may wait for all users together",
            size_between(std::uint64_t{1} << 16U, gibibyte * 1024))
      .integer("uncommitted-per-client", uncommitted_per_client,
               "events of one user that may wait for the bus before that user is not read any more", between(1, 1024))
      .integer("uncommitted", uncommitted, "likewise of all users together", between(1, million))
      .size("uncommitted-bytes", uncommitted_bytes, "likewise in bytes", size_between(1, 8 * gibibyte))
      .duration("drain-time", settings.gateway.drain, "how long to finish after SIGTERM before giving up",
                at_least(10ms));
  options.text("metrics", "HOST:PORT", settings.metrics, fairlead::io::StatusServer::help,
               &fairlead::io::StatusServer::check);
  entrances.declare(options);
  keys.declare(options);
  options.also([&]() -> Status {
    if (const auto defaults = entrances.settings(); !defaults) return defaults.error();
    for (const std::string& typed : listen) {
      if (const auto door = entrances.door(typed); !door) return Error{"--listen: " + door.error().message};
    }
    return Nothing{};
  });
  if (const auto done = options.load(argc, argv)) return *done;

  settings.broker = *BusAddress::for_connect(broker);
  settings.keys = keys.load();
  for (const std::string& typed : listen) settings.doors.push_back(*entrances.door(typed));
  users.limits = {.total = static_cast<std::size_t>(max_connections),
                  .per_address = static_cast<std::size_t>(max_connections_per_address)};
  users.outbox_memory = outbox_memory;
  settings.gateway.limits = {.events_per_client = static_cast<std::size_t>(uncommitted_per_client),
                             .events = static_cast<std::size_t>(uncommitted),
                             .bytes = uncommitted_bytes};

  // What a listener may take beyond its limit in one turn is in the reserve.
  constexpr std::uint64_t reserve = 256;
  const std::uint64_t descriptors = fairlead::io::raise_file_limit();
  users.descriptors = descriptors > 2 * reserve ? descriptors - reserve : descriptors / 2;
  fairlead::io::Signals signals;  // before the threads of the bus
  Shell shell(std::move(settings), &signals);
  return shell.run();
}

}  // namespace
}  // namespace fairlead::gateway::io

int main(int argc, char** argv) {
  return fairlead::io::run_main([&] { return fairlead::gateway::io::run(argc, argv); });
}
