// One run: a whole bus, its users, and what goes wrong, from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/broker_process.hpp"
#include "tests/simulation/gateway_process.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/settings.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/users.hpp"
#include "tests/simulation/worker_process.hpp"

namespace fairlead::simulation {

struct Outcome {
  std::string violation;  // empty: all promises were kept
  std::uint64_t steps = 0;
  std::uint64_t commits = 0;
  std::uint64_t skipped = 0;  // dead letters
  Duration to_rest{};         // from the last fault until everything had come to rest
  bool ok() const { return violation.empty(); }
};

class World {
 public:
  explicit World(Settings settings);

  Outcome run(Trace::Sink trace = {});

 private:
  // The people.
  void open_auditor();
  void open_user(User& user);
  void type(User& user);
  User& new_user();

  // What goes wrong.
  void plan_faults();
  // Calls `strike` again and again until the end, about every `pace`.
  void every(Fault fault, Duration pace, std::function<void()> strike);
  void restart_when_it_dies();
  void on_trouble(HostId host);
  void partition();
  void freeze(Process& process, Duration longest);
  void end_faults();

  bool over() const { return schedule_.elapsed() >= settings_.length; }
  void run_until(const std::function<bool()>& condition, Duration longest, const std::string& otherwise);
  GatewayProcess& any_gateway() { return *gateways_[random_.below(settings_.gateways)]; }
  WorkerProcess& any_worker() { return *workers_[random_.below(workers_.size())]; }
  Duration up_to(Duration most) { return Duration(random_.below(static_cast<std::uint64_t>(most.count()))); }
  // Seldom long, mostly short.
  Duration some(Duration most) { return random_.one_in(3) ? up_to(most) : up_to(most / 8); }
  Process* process_of(HostId host);

  Settings settings_;
  Random random_;
  Schedule schedule_;
  Trace trace_{schedule_};
  Users users_;
  Oracle oracle_{schedule_, users_};
  Network network_;
  std::unique_ptr<BrokerProcess> broker_;
  std::vector<std::unique_ptr<GatewayProcess>> gateways_;  // the last one is the auditor's
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  Instant no_workers_until_{};
};

}  // namespace fairlead::simulation
