#include "tools/bench/rig.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "bus/check.hpp"
#include "tools/bench/rivals.hpp"

namespace fairlead::bench {
namespace {

constexpr Duration start_patience = 15s;

UserEndpoint door_at(UserEndpoint::Protocol protocol, std::uint16_t port) {
  return {.protocol = protocol,
          .host = "127.0.0.1",
          .port = port,
          .path = protocol == UserEndpoint::Protocol::ws ? "/ws" : ""};
}

}  // namespace

TemporaryFolder::TemporaryFolder()
    : path_((std::filesystem::temp_directory_path() / "fairlead-bench-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "no folder " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Rig::Rig(BusSettings settings) : settings_(std::move(settings)) {}

Rig::~Rig() {
  // Gateways say goodbye to users and broker, workers finish, the broker hears them.
  for (const char* kind : {"gateway", "worker", ""}) {
    for (auto& process : processes_) {
      if (process.name().starts_with(kind) && (*kind != '\0' || process.name() == "broker")) process.stop();
    }
  }
}

Result<std::unique_ptr<Rig>> Rig::bus(const BusSettings& settings) {
  std::unique_ptr<Rig> rig(new Rig(settings));
  rig->folder_ = std::make_unique<TemporaryFolder>();
  if (const auto started = rig->start_bus(); !started) return started.error();
  return rig;
}

// The ports are free now, and belong to nobody else until the broker takes them: a moment later.
Result<BusAddress> Rig::free_address() const {
  if (settings_.ipc) return BusAddress::for_connect("ipc://" + folder_->path() + "/bus");
  const auto row = free_ports(bus_sockets);
  if (!row) return row.error();
  return BusAddress::for_connect("tcp://127.0.0.1:" + std::to_string(*row));
}

Status Rig::start_bus() {
  const auto address = free_address();
  if (!address) return address.error();
  broker_ = std::make_unique<BusAddress>(*address);
  std::vector<std::string> command{program("broker"), "--listen", broker_->text(), "--journal-level",
                                   settings_.journal};
  if (settings_.journal != "none") command.insert(command.end(), {"--journal", folder_->path() + "/journal"});
  auto broker = Process::start("broker", command, log_of("broker"));
  if (!broker) return broker.error();
  processes_.push_back(std::move(*broker));
  if (const auto ready = processes_.back().wait_ready("listen=", start_patience); !ready) return ready.error();

  for (std::int64_t i = 0; i < settings_.workers; ++i) {
    if (const auto worker = add_worker(); !worker) return worker.error();
  }
  for (std::int64_t i = 1; i <= settings_.gateways; ++i) {
    const std::string name = "gateway" + std::to_string(i);
    auto gateway = Process::start(name,
                                  {program("gateway"), "--broker", broker_->text(), "--name", name, "--listen",
                                   door_at(settings_.protocol, 0).text()},
                                  log_of(name));
    if (!gateway) return gateway.error();
    processes_.push_back(std::move(*gateway));
  }
  const std::string scheme = std::string(text(settings_.protocol)) + "://127.0.0.1:";
  for (const auto& process : processes_) {
    const bool is_gateway = process.name().starts_with("gateway");
    const auto ready = process.wait_ready(is_gateway ? scheme : "listen=", start_patience);
    if (!ready) return ready.error();
    if (is_gateway)
      doors_.push_back(door_at(settings_.protocol, static_cast<std::uint16_t>(std::atoi(ready->c_str()))));
  }
  return Nothing{};
}

Result<std::string> Rig::add_worker() {
  const std::string name = "worker" + std::to_string(++workers_started_);
  auto worker = Process::start(name, {program("worker"), "--broker", broker_->text(), "--name", name, "--app", "bench"},
                               log_of(name));
  if (!worker) return worker.error();
  processes_.push_back(std::move(*worker));
  return name;
}

void Rig::retire_worker() {
  const auto oldest = std::find_if(processes_.begin(), processes_.end(), [](const auto& process) {
    return process.name().starts_with("worker") && !process.has_ended();
  });
  if (oldest != processes_.end()) oldest->signal(SIGTERM);
}

Result<std::unique_ptr<Rig>> Rig::raw_echo(UserEndpoint::Protocol protocol) {
  std::unique_ptr<Rig> rig(new Rig({.protocol = protocol}));
  auto listener = listen_on_loopback();
  if (!listener) return listener.error();
  auto server = Process::fork("gateway (plain echo)", [&] { serve_echo(listener->socket.get(), protocol); });
  if (!server) return server.error();
  rig->processes_.push_back(std::move(*server));
  rig->doors_ = {door_at(protocol, listener->port)};
  return rig;
}

Result<std::unique_ptr<Rig>> Rig::raw_pipeline(const BusSettings& settings) {
  std::unique_ptr<Rig> rig(new Rig(settings));
  rig->folder_ = std::make_unique<TemporaryFolder>();
  if (const auto started = rig->start_pipeline(); !started) return started.error();
  return rig;
}

Status Rig::start_pipeline() {
  auto listener = listen_on_loopback();
  if (!listener) return listener.error();
  const auto address = free_address();
  if (!address) return address.error();
  const auto add = [&](const std::string& name, const std::function<void()>& body) -> Status {
    auto process = Process::fork(name, body);
    if (!process) return process.error();
    processes_.push_back(std::move(*process));
    return Nothing{};
  };
  if (auto ok = add("broker", [&] { run_bare_broker(*address); }); !ok) return ok;
  for (std::int64_t i = 1; i <= settings_.workers; ++i) {
    const std::string name = "worker" + std::to_string(i);
    if (auto ok = add(name, [&] { run_bare_worker(*address, name); }); !ok) return ok;
  }
  doors_ = {door_at(settings_.protocol, listener->port)};
  return add("gateway1", [&] {
    run_bare_gateway(*address, listener->socket.get(), settings_.protocol, static_cast<std::size_t>(settings_.workers));
  });
}

std::unique_ptr<Rig> Rig::running(std::vector<UserEndpoint> doors, const std::vector<std::int64_t>& pids) {
  std::unique_ptr<Rig> rig(new Rig({}));
  rig->doors_ = std::move(doors);
  for (const auto pid : pids)
    rig->others_.push_back({.name = "pid " + std::to_string(pid), .pid = static_cast<pid_t>(pid)});
  return rig;
}

std::vector<Rig::Watched> Rig::watched() const {
  std::vector<Watched> all = others_;
  for (const auto& process : processes_) {
    if (!process.has_ended()) all.push_back({.name = process.name(), .pid = process.pid()});
  }
  return all;
}

}  // namespace fairlead::bench
