// fairlead-gateway: reads its settings and runs the shell.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "bus/io/options.hpp"
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
  std::string policy = "close";
  std::uint64_t max_message = std::uint64_t{64} << 10U;
  std::uint64_t outbox_limit = std::uint64_t{1} << 20U;
  std::uint64_t outbox_memory = std::uint64_t{512} << 20U;
  std::uint64_t uncommitted_bytes = std::uint64_t{32} << 20U;
  std::int64_t uncommitted = 8192;
  std::int64_t uncommitted_per_client = 32;
  ShellSettings settings;
  UserSettings& users = settings.users;

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
      .list("listen", "ENDPOINT", listen,
            "where users come in: line://HOST:PORT, frame://HOST:PORT, ws://HOST:PORT/PATH",
            [](const std::vector<std::string>& typed) -> Status {
              if (auto some = fairlead::io::at_least_one()(typed); !some) return some;
              return fairlead::io::each_valid(&UserEndpoint::for_listen)(typed);
            })
      .text("www", "DIR", users.www, "files for browsers that come to a ws listener; none by default")
      .text("name", "NAME", settings.name,
            "this gateway's name, the same after a restart; by default the machine's and the first port", fits_a_name)
      .size("max-message", max_message, "longest message of a user; a longer one ends the connection",
            size_between(1, schemas::max_payload))
      .list("origin", "ORIGIN", users.protocol.origins, "Origin headers that may open a WebSocket; all by default")
      .size("outbox-limit", outbox_limit, "what may wait for a user who does not read; at least twice max-message",
            size_between(1, gibibyte))
      .text("outbox-policy", "POLICY", policy, "what happens then: close, drop-newest or drop-oldest",
            fairlead::io::one_of({"close", "drop-newest", "drop-oldest"}))
      .size("outbox-memory", outbox_memory, "what may wait for all users together",
            size_between(std::uint64_t{1} << 16U, gibibyte * 1024))
      .integer("uncommitted-per-client", uncommitted_per_client,
               "events of one user that may wait for the bus before that user is not read any more", between(1, 1024))
      .integer("uncommitted", uncommitted, "likewise of all users together", between(1, 1'000'000))
      .size("uncommitted-bytes", uncommitted_bytes, "likewise in bytes", size_between(1, 8 * gibibyte))
      .duration("handshake-timeout", users.handshake, "how long the opening of a WebSocket may take", at_least(10ms))
      .duration("ping-interval", users.ping, "silence after which a WebSocket is pinged", at_least(10ms))
      .duration("ping-timeout", users.dead, "silence after which its user counts as gone", at_least(10ms))
      .duration("close-timeout", users.close, "how long flushing and saying goodbye to a user may take", at_least(10ms))
      .duration("drain-time", settings.gateway.drain, "how long to finish after SIGTERM before giving up",
                at_least(10ms))
      .also([&]() -> Status {
        if (users.ping < users.dead) return Nothing{};
        return Error{"ping-interval must be shorter than ping-timeout"};
      });
  if (const auto done = options.load(argc, argv)) return *done;

  settings.broker = *BusAddress::for_connect(broker);
  for (const std::string& typed : listen) settings.listen.push_back(*UserEndpoint::for_listen(typed));
  users.protocol.max_message = max_message;
  users.outbox.bytes = std::max(outbox_limit, 2 * max_message);  // or nobody could be told such a message
  users.outbox.policy = policy == "close"         ? OutboxPolicy::close
                        : policy == "drop-newest" ? OutboxPolicy::drop_newest
                                                  : OutboxPolicy::drop_oldest;
  users.outbox_memory = outbox_memory;
  settings.gateway.limits = {.events_per_client = static_cast<std::size_t>(uncommitted_per_client),
                             .events = static_cast<std::size_t>(uncommitted),
                             .bytes = uncommitted_bytes};

  // What a listener may take beyond its limit in one turn is in the reserve.
  constexpr std::uint64_t reserve = 256;
  const std::uint64_t descriptors = fairlead::io::raise_file_limit();
  users.max_connections = descriptors > 2 * reserve ? descriptors - reserve : descriptors / 2;
  fairlead::io::Signals signals;  // before the threads of the bus
  Shell shell(std::move(settings), &signals);
  return shell.run();
}

}  // namespace
}  // namespace fairlead::gateway::io

int main(int argc, char** argv) {
  return fairlead::io::run_main([&] { return fairlead::gateway::io::run(argc, argv); });
}
