#include "worker/io/program.hpp"

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include <unistd.h>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/log.hpp"
#include "bus/io/signals.hpp"
#include "schemas/limits.hpp"
#include "worker/io/crew.hpp"

namespace fairlead::worker {
namespace {

constexpr std::int64_t most_threads = 256;
constexpr std::size_t longest_name = schemas::max_name - 8;  // room for the number of the thread

Status fits(const std::string& text) {
  if (text.size() > longest_name) return Error{"at most " + std::to_string(longest_name) + " bytes, please"};
  return Nothing{};
}

Status may_be_store(const std::string& text) {
  if (text.empty()) return Error{"is required"};
  return check_store(text);
}

// The main thread of a worker program: it watches over the crew and handles no event itself.
class Watch {
 public:
  Watch(Crew& crew, const Store& store, io::Signals& signals, const ProgramSettings& settings)
      : crew_(crew), store_(store), signals_(signals), settings_(settings) {}

  io::ExitCode run() {
    while (!crew_.ended()) {
      wait();
      if (!ready_ && crew_.ready()) on_ready();
      while (const auto signal = signals_.next()) on_signal(*signal);
      if (give_up_ && io::now() >= *give_up_) leave_now("drain_timeout");
    }
    if (const auto failure = crew_.failure()) {
      io::log(io::Level::error, "worker_failed", {{"text", failure->message}});
      return io::ExitCode::failure;
    }
    const Counters counters = crew_.counters();
    const StoreCounters store = store_.counters();
    io::log(io::Level::info, "stopped",
            {{"events", counters.events},
             {"failures", counters.failures},
             {"links", counters.links},
             {"store_calls", store.calls},
             {"store_failures", store.failures},
             {"store_reconnects", store.reconnects}});
    return io::ExitCode::ok;
  }

 private:
  void wait() {
    std::array<io::WatchedFd, 2> fds{{{.fd = signals_.fd()}, {.fd = crew_.changed().fd()}}};
    std::optional<Duration> timeout = manager_.watchdog_every();
    if (give_up_) timeout = std::min(timeout.value_or(1h), *give_up_ - io::now());
    io::wait({}, fds, timeout);
    crew_.changed().clear();
    manager_.still_alive();
  }

  void on_ready() {
    ready_ = true;
    io::log_ready({{"broker", settings_.broker}, {"name", settings_.name}, {"threads", settings_.threads}});
    manager_.ready("serving " + settings_.broker);
  }

  void on_signal(io::Signal signal) {
    if (signal == io::Signal::hangup) return io::log(io::Level::info, "nothing_to_reload");
    if (give_up_) leave_now("stopped_at_once");
    io::log(io::Level::info, "draining", {{"signal", io::name(signal)}});
    manager_.stopping();
    give_up_ = io::now() + settings_.drain_time;
    crew_.drain();
  }

  // A handler cannot be interrupted. What it leaves behind the broker hands to another worker, as after a crash.
  [[noreturn]] static void leave_now(std::string_view event) {
    io::log(io::Level::warning, event);
    std::_Exit(static_cast<int>(io::ExitCode::failure));
  }

  Crew& crew_;
  const Store& store_;
  io::Signals& signals_;
  const ProgramSettings& settings_;
  io::ServiceManager manager_;
  bool ready_ = false;
  std::optional<Instant> give_up_;  // draining: until when
};

}  // namespace

void declare(io::Options& options, ProgramSettings& settings) {
  options.text("broker", "ENDPOINT", settings.broker, "the broker's base endpoint", io::valid(&BusAddress::for_connect))
      .text("name", "NAME", settings.name, "what people and logs call this worker (default: HOST:PID)", fits)
      .text("app-version", "TEXT", settings.version, "the version of the application, for people to see", fits)
      .integer("threads", settings.threads, "complete workers in this process", io::between(1, most_threads))
      .text("store", "STORE", settings.store,
            "where the application keeps its state: lmdb:DIR, redis://HOST, memcached://HOST, memory:", may_be_store)
      .duration("drain-time", settings.drain_time, "how long to finish after SIGTERM before giving up",
                io::at_least(0s));
}

io::ExitCode serve(const ProgramSettings& given, const std::string& app, MakeHandler make_handler) {
  ProgramSettings settings = given;
  if (settings.name.empty()) settings.name = default_name();
  io::Signals signals;  // before any thread
  io::raise_file_limit();
  auto store = open_store(settings.store);
  if (!store) {
    io::log(io::Level::error, "cannot_open_store", {{"text", store.error().message}});
    return io::ExitCode::failure;
  }
  Crew crew({.broker = BusAddress::for_connect(settings.broker).value(),
             .name = settings.name,
             .app = app,
             .version = settings.version,
             .threads = static_cast<unsigned>(settings.threads),
             .store = *store},
            std::move(make_handler));
  return Watch(crew, **store, signals, settings).run();
}

std::string default_name() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()).substr(0, longest_name - 12) + ":" + std::to_string(::getpid());
}

}  // namespace fairlead::worker
