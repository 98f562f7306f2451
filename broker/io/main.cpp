// fairlead-broker: reads its settings and runs the service.
#include <memory>

#include "broker/io/service.hpp"
#include "bus/io/keys.hpp"
#include "bus/io/options.hpp"

namespace fairlead::broker::io {
namespace {

using fairlead::io::ExitCode;

ExitCode run(int argc, char** argv) {
  std::string listen = "tcp://127.0.0.1:7700";
  std::string level = "process";
  std::int64_t shard = 0;
  std::int64_t max_attempts = 3;
  std::uint64_t segment = std::uint64_t{64} << 20U;
  std::string key;
  ServiceConfig config;
  auto& broker = config.broker;

  fairlead::io::Options options{
      {.program = "fairlead-broker",
       .summary = "Hands what users say to workers, commits what comes of it, and delivers the replies."}};
  options
      .text("listen", "ENDPOINT", listen,
            "base endpoint of the bus, tcp://HOST:PORT or ipc://DIR/NAME; six sockets follow from it",
            fairlead::io::valid(&BusAddress::for_listen))
      .text("journal", "DIR", config.journal,
            "where the journal is kept; without one a crash of the broker loses the bus's state")
      .text("journal-level", "LEVEL", level,
            "none; process: survives a crash of the broker; os: survives a crash of the machine",
            fairlead::io::one_of({"none", "process", "os"}))
      .size("journal-segment", segment, "size at which a new segment is begun",
            fairlead::io::size_between(std::uint64_t{1} << 16U, std::uint64_t{1} << 33U))
      .integer("shard", shard, "this broker's number among several", fairlead::io::between(0, 65535))
      .duration("heartbeat", broker.heartbeat, "longest silence towards a peer", fairlead::io::at_least(10ms))
      .duration("dead", broker.dead, "silence after which a link is reset", fairlead::io::at_least(100ms))
      .duration("gateway-dead", broker.gateway_dead, "silent absence after which a gateway's clients are closed",
                fairlead::io::at_least(100ms))
      .duration("gateway-gone", broker.gateway_gone,
                "likewise when its connection was closed, as by the death of its process",
                fairlead::io::at_least(100ms))
      .duration("handler-deadline", broker.dispatch.deadline,
                "silence of a handler after which its event goes to another worker", fairlead::io::at_least(10ms))
      .integer("max-attempts", max_attempts, "failed attempts after which an event becomes a dead letter",
               fairlead::io::between(1, 1000));
  options.text("metrics", "HOST:PORT", config.metrics, fairlead::io::StatusServer::help,
               &fairlead::io::StatusServer::check);
  options
      .text(
          "key", "FILE", key,
          "the broker's secret key (made by fairlead-ctl keygen FILE): the bus is encrypted, and open to --peers only")
      .text("peers", "FILE", config.peers, "who may come, a line each: role, public key, name; SIGHUP reads it again")
      .also([&]() -> Status {
        if (key.empty() != config.peers.empty()) return Error{"--key and --peers need each other"};
        if (key.empty()) return Nothing{};
        if (auto admission = load_admission(config.peers); !admission) return admission.error();
        auto pair = fairlead::io::load_key_pair(key);
        if (!pair) return pair.error();
        config.key = std::move(*pair);
        return Nothing{};
      });
  if (const auto done = options.load(argc, argv)) return *done;

  config.listen = *BusAddress::for_listen(listen);
  config.level = *parse_journal_level(level);
  config.shard = static_cast<std::uint16_t>(shard);
  config.segment_bytes = segment;
  broker.max_attempts = static_cast<std::uint32_t>(max_attempts);
  if (config.journal.empty()) {
    if (config.level != JournalLevel::none) {
      log(fairlead::io::Level::warning, "no_journal",
          {{"advice", "give --journal DIR, or --journal-level none to say that a crash may lose everything"}});
    }
    config.level = JournalLevel::none;
    level = "none";
  }
  config.level_name = level;
  fairlead::io::raise_file_limit();
  fairlead::io::Signals signals;
  const auto service = std::make_unique<Service>(std::move(config), signals);
  return service->run();
}

}  // namespace
}  // namespace fairlead::broker::io

int main(int argc, char** argv) {
  return fairlead::io::run_main([&] { return fairlead::broker::io::run(argc, argv); });
}
