#include "worker/io/program.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <unistd.h>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/log.hpp"
#include "bus/io/signals.hpp"
#include "bus/io/status_server.hpp"
#include "schemas/limits.hpp"
#include "worker/io/child.hpp"
#include "worker/io/crew.hpp"
#include "worker/io/metrics.hpp"
#include "worker/io/module.hpp"
#include "worker/io/parent.hpp"

namespace fairlead::worker {
namespace {

constexpr std::int64_t most_threads = 256;
constexpr std::int64_t most_workers = 256;
constexpr std::size_t longest_name = schemas::max_name - 8;  // room for the numbers of process and thread

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
  Watch(Crew& crew, const Store& store, io::Signals& signals, const ProgramSettings& settings,
        const Supervised* supervised)
      : crew_(crew),
        store_(store),
        signals_(signals),
        settings_(settings),
        supervised_(supervised),
        status_(serve_status(settings, supervised)) {}

  io::ExitCode run() {
    while (!crew_.ended()) {
      wait();
      if (!ready_ && crew_.ready()) on_ready();
      while (const auto signal = signals_.next()) on_signal(*signal);
      if (status_) status_->answer([this] { return report(); });
      if (give_up_ && io::now() >= *give_up_) leave_now("drain_timeout");
    }
    if (const auto failure = crew_.failure()) {
      io::log(io::Level::error, "worker_failed", {{"text", failure->message}});
      if (supervised_ != nullptr) supervised_->say_failed(failure->message);
      return io::ExitCode::failure;
    }
    const Counters counters = crew_.counted().counters;
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
    std::array<io::WatchedFd, 3> fds{
        {{.fd = signals_.fd()}, {.fd = crew_.changed().fd()}, {.fd = status_ ? status_->fd() : -1}}};
    std::optional<Duration> timeout = manager_.watchdog_every();
    if (give_up_) timeout = std::min(timeout.value_or(1h), *give_up_ - io::now());
    io::wait({}, std::span(fds).first(status_ ? 3 : 2), timeout);
    crew_.changed().clear();
    manager_.still_alive();
  }

  void on_ready() {
    ready_ = true;
    if (supervised_ != nullptr) return supervised_->say_ready();
    io::log_ready({{"broker", settings_.broker},
                   {"name", settings_.name},
                   {"threads", settings_.threads},
                   {"metrics", status_ ? status_->where() : "none"}});
    manager_.ready("serving " + settings_.broker);
  }

  void on_signal(io::Signal signal) {
    if (signal == io::Signal::hangup) {
      return io::log(io::Level::info, "nothing_to_reload",
                     {{"text", supervised_ != nullptr ? "send SIGHUP to the parent" : "start it with --workers"}});
    }
    if (give_up_) leave_now("stopped_at_once");
    const bool replaced = supervised_ != nullptr && supervised_->is_replaced();
    io::log(io::Level::info, "draining", {{"signal", io::name(signal)}, {"replaced", replaced}});
    manager_.stopping();
    give_up_ = io::now() + settings_.drain_time;
    if (replaced) status_.reset();  // whoever replaces it takes the address over
    crew_.drain(replaced ? StopReason::replaced : StopReason::asked);
  }

  // A handler cannot be interrupted. What it leaves behind the broker hands to another worker, as after a crash.
  [[noreturn]] static void leave_now(std::string_view event) {
    io::log(io::Level::warning, event);
    std::_Exit(static_cast<int>(io::ExitCode::failure));
  }

  // Of several processes each has a port of its own, counted up from the one that was given.
  static std::unique_ptr<io::StatusServer> serve_status(const ProgramSettings& settings, const Supervised* supervised) {
    if (settings.metrics.empty()) return nullptr;
    auto address = ListenAddress::parse(settings.metrics).value();
    if (supervised != nullptr && address.port != 0)
      address.port = static_cast<std::uint16_t>(address.port + supervised->place());
    return std::make_unique<io::StatusServer>(
        address, "fairlead-worker",
        supervised != nullptr ? io::StatusServer::Taken::waits : io::StatusServer::Taken::is_an_error);
  }

  io::StatusServer::Report report() {
    io::StatusServer::Report report{
        .metrics = metrics_of(crew_, static_cast<unsigned>(settings_.threads), store_), .ill = {}, .unready = {}};
    if (give_up_) {
      report.unready = "stopping";
    } else if (!crew_.ready()) {
      report.unready = "not welcomed by the broker at " + settings_.broker;
    }
    return report;
  }

  Crew& crew_;
  const Store& store_;
  io::Signals& signals_;
  const ProgramSettings& settings_;
  const Supervised* const supervised_;
  io::ServiceManager manager_;
  std::unique_ptr<io::StatusServer> status_;  // may be null
  bool ready_ = false;
  std::optional<Instant> give_up_;  // draining: until when
};

// A worker, in this process.
io::ExitCode serve(const ProgramSettings& settings, Business business, const Supervised* supervised) {
  io::Signals signals;  // before any thread
  if (supervised != nullptr) supervised->on_listening();
  io::raise_file_limit();
  auto store = open_store(settings.store);
  if (!store) {
    io::log(io::Level::error, "cannot_open_store", {{"text", store.error().message}});
    if (supervised != nullptr) supervised->say_failed("cannot open the store: " + store.error().message);
    return io::ExitCode::failure;
  }
  Crew crew({.broker = BusAddress::for_connect(settings.broker).value(),
             .keys = settings.keys.load(),
             .name = settings.name,
             .app = business.app,
             .version = settings.version,
             .worker = supervised != nullptr ? supervised->place() : 0,
             .threads = static_cast<unsigned>(settings.threads),
             .store = *store},
            std::move(business.make_handler));
  return Watch(crew, **store, signals, settings, supervised).run();
}

// One of several: in its log lines the program has its pid, as they share the parent's stderr.
io::ExitCode serve_supervised(const Supervised& supervised, const io::Options& options, ProgramSettings settings,
                              Business business) {
  io::LogSettings log = options.log_settings();
  log.program += "[" + std::to_string(::getpid()) + "]";
  io::configure_log(log);
  if (!settings.name.empty() && supervised.workers() > 1) settings.name += "#" + std::to_string(supervised.place());
  if (supervised.module() >= 0) {
    auto loaded = load_module(supervised.module(), settings.module);
    if (!loaded) {
      io::log(io::Level::error, "module_broken", {{"text", loaded.error().message}});
      supervised.say_failed(loaded.error().message);
      return io::ExitCode::failure;
    }
    business = {.app = module_app(settings.module), .make_handler = std::move(*loaded)};
  }
  if (settings.name.empty()) settings.name = default_name();
  return serve(settings, std::move(business), &supervised);
}

io::ExitCode watch_over(int argc, char** argv, const ProgramSettings& settings) {
  if (settings.store.starts_with("memory:")) {
    io::log(io::Level::warning, "store_is_not_shared",
            {{"store", settings.store},
             {"text", "each process has its own, and loses it when it is replaced; use lmdb:DIR or a server"}});
  }
  return Parent({.module = settings.module,
                 .arguments = std::vector<std::string>(argv, argv + argc),
                 .supervisor = {.workers = static_cast<unsigned>(std::max<std::int64_t>(settings.workers, 1)),
                                .reload_time = settings.reload_time,
                                .drain_time = settings.drain_time}})
      .run();
}

}  // namespace

void declare(io::Options& options, ProgramSettings& settings) {
  options.text("broker", "ENDPOINT", settings.broker, "the broker's base endpoint", io::valid(&BusAddress::for_connect))
      .text("name", "NAME", settings.name, "what people and logs call this worker (default: HOST:PID)", fits)
      .text("app-version", "TEXT", settings.version, "the version of the application, for people to see", fits)
      .integer("threads", settings.threads, "complete workers in one process", io::between(1, most_threads))
      .integer("workers", settings.workers,
               "processes, under a parent that starts those again that die, and reloads on SIGHUP; 0: no parent",
               io::between(0, most_workers))
      .text("metrics", "HOST:PORT", settings.metrics, io::StatusServer::help, &io::StatusServer::check)
      .text("store", "STORE", settings.store,
            "where the application keeps its state: lmdb:DIR, redis://HOST, memcached://HOST, memory:", may_be_store)
      .duration("drain-time", settings.drain_time, "how long to finish after SIGTERM before giving up",
                io::at_least(0s))
      .duration("reload-time", settings.reload_time,
                "how long new code may take until it serves; then the old code stays", io::at_least(100ms));
  settings.keys.declare(options);
}

io::ExitCode run_program(int argc, char** argv, const io::Options& options, const ProgramSettings& given,
                         Business compiled_in) {
  const auto supervised = Supervised::from_environment();
  if (supervised) return serve_supervised(*supervised, options, given, std::move(compiled_in));
  if (given.workers > 0 || !given.module.empty()) return watch_over(argc, argv, given);
  ProgramSettings settings = given;
  if (settings.name.empty()) settings.name = default_name();
  return serve(settings, std::move(compiled_in), nullptr);
}

std::string default_name() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()).substr(0, longest_name - 12) + ":" + std::to_string(::getpid());
}

}  // namespace fairlead::worker
