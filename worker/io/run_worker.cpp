// The shell behind "fairlead/worker.hpp": Worker for programs with a life of their own, run_worker() for all others.
#include <array>
#include <utility>

#include "fairlead/worker.hpp"

#include "bus/io/signals.hpp"
#include "worker/io/crew.hpp"
#include "worker/io/program.hpp"

namespace fairlead {

struct Worker::Running {
  Options options;
  MakeHandler make_handler;
  io::Wakeup stop;
};

Worker::Worker(Options options, MakeHandler make_handler)
    : running_(std::make_unique<Running>(std::move(options), std::move(make_handler))) {}

Worker::~Worker() = default;

Status Worker::run() {
  const Options& options = running_->options;
  auto broker = BusAddress::for_connect(options.broker);
  if (!broker) return broker.error();
  if (options.threads == 0) return Error{"a worker needs a thread"};
  auto keys = io::load_keys(options.key, options.broker_key);
  if (!keys) return keys.error();
  auto store = open_store(options.store);
  if (!store) return store.error();
  worker::Crew crew({.broker = *broker,
                     .keys = *keys,
                     .name = options.name.empty() ? worker::default_name() : options.name,
                     .app = options.app,
                     .version = options.version,
                     .threads = options.threads,
                     .store = *store},
                    running_->make_handler);
  while (!crew.ended()) {
    std::array<io::WatchedFd, 2> fds{{{.fd = running_->stop.fd()}, {.fd = crew.changed().fd()}}};
    io::wait({}, fds, std::nullopt);
    crew.changed().clear();
    if (running_->stop.clear()) crew.drain();
  }
  if (const auto failure = crew.failure()) return *failure;
  return Nothing{};
}

void Worker::stop() { running_->stop.wake(); }

int run_worker(int argc, char** argv, MakeHandler make_handler) {
  return io::run_main([&] {
    worker::ProgramSettings settings;
    const std::string program = argc > 0 ? std::string(argv[0]) : "worker";
    io::Options options({.program = program.substr(program.rfind('/') + 1), .summary = "A worker of a Fairlead bus."});
    worker::declare(options, settings);
    if (const auto done = options.load(argc, argv)) return *done;
    return worker::run_program(argc, argv, options, settings, {.app = "", .make_handler = std::move(make_handler)});
  });
}

}  // namespace fairlead
