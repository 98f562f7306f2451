// The half of World that makes things go wrong.
#include <algorithm>

#include "tests/simulation/application.hpp"
#include "tests/simulation/world.hpp"

namespace fairlead::simulation {

void World::every(Fault fault, Duration pace, std::function<void()> strike) {
  if (!settings_.faults.has(fault)) return;
  schedule_.in(up_to(2 * pace), [this, fault, pace, strike = std::move(strike)] {
    if (over()) return;
    strike();
    every(fault, pace, strike);
  });
}

void World::plan_faults() {
  every(Fault::worker_crash, 1500ms, [this] {
    WorkerProcess& worker = any_worker();
    worker.kill("fault");
  });
  every(Fault::worker_freeze, 3s, [this] { freeze(any_worker(), 12s); });
  every(Fault::worker_drain, 1s, [this] { any_worker().drain(); });
  every(Fault::worker_none, 6s, [this] {
    no_workers_until_ = schedule_.now() + up_to(6s);
    for (auto& worker : workers_) random_.one_in(2) ? worker->drain() : worker->kill("fault");
  });
  every(Fault::broker_crash, 2500ms, [this] {
    if (random_.one_in(2)) {
      broker_->kill("fault");
    } else {
      constexpr BrokerProcess::Crash points[] = {BrokerProcess::Crash::before_write, BrokerProcess::Crash::after_write,
                                                 BrokerProcess::Crash::among_sends};
      broker_->crash_in_write(points[random_.below(3)]);
    }
  });
  every(Fault::broker_torn, 2500ms, [this] { broker_->crash_in_write(BrokerProcess::Crash::torn); });
  every(Fault::broker_freeze, 4s, [this] {
    const Instant until = schedule_.now() + some(16s);
    network_.broker_frozen(true);
    broker_->freeze_until(until);
    schedule_.at(until, [this] { network_.broker_frozen(broker_->frozen()); });
  });
  every(Fault::gateway_crash, 4s, [this] { any_gateway().kill("fault"); });
  every(Fault::gateway_freeze, 4s, [this] { freeze(any_gateway(), 16s); });
  every(Fault::gateway_stop, 5s, [this] { any_gateway().stop(); });
  every(Fault::partition, 3s, [this] { partition(); });
  every(Fault::link_reset, 700ms, [this] {
    const auto host = static_cast<HostId>(random_.below(gateways_.size() + workers_.size()));
    trace_.tell("network", "resets a connection of " + process_of(host)->name());
    on_trouble(host);
    network_.cut(host);
  });
  every(Fault::disk_full, 4s, [this] {
    broker_->disk_full(true);
    schedule_.in(some(5s), [this] { broker_->disk_full(false); });
  });
}

void World::restart_when_it_dies() {
  broker_->on_death([this] { schedule_.in(some(3s), [this] { broker_->start(); }); });
  for (auto& gateway : gateways_)
    gateway->on_death([this, &gateway] { schedule_.in(some(4s), [&gateway] { gateway->start(); }); });
  for (auto& worker : workers_) {
    worker->on_death([this, &worker] {
      oracle_.on_worker_lost();
      schedule_.at(std::max(no_workers_until_, schedule_.now() + some(2s)), [&worker] { worker->start(); });
    });
  }
}

// Something happened to it that may make the broker give up on it.
void World::on_trouble(HostId host) {
  process_of(host)->on_trouble();
  if (host >= gateways_.size()) oracle_.on_worker_lost();
}

void World::freeze(Process& process, Duration longest) {
  if (!process.up() || process.frozen()) return;
  const Duration how_long = some(longest);
  for (auto& gateway : gateways_) {
    if (gateway.get() == &process) gateway->on_absence(how_long);
  }
  oracle_.on_worker_lost();
  process.freeze_until(schedule_.now() + how_long);
}

// Between one process and the broker; the auditor's never for long, or it would lose its view.
void World::partition() {
  const auto host = static_cast<HostId>(random_.below(gateways_.size() + workers_.size()));
  const bool up = random_.one_in(2);
  const bool down = !up || random_.one_in(2);
  const Duration how_long = host == settings_.gateways ? up_to(2s) : some(14s);
  Process& process = *process_of(host);
  trace_.tell("network", "partition of " + process.name() + (up ? " up" : "") + (down ? " down" : "") + " for " +
                             std::to_string(how_long / 1ms) + " ms");
  on_trouble(host);
  if (host < gateways_.size()) gateways_[host]->on_absence(how_long);
  network_.partition(host, up, down);
  schedule_.in(how_long, [this, host, &process] {
    process.on_trouble();
    network_.partition(host, false, false);
  });
}

void World::end_faults() {
  trace_.tell("world", "no more faults");
  network_.calm();
  for (HostId host = 0; host < gateways_.size() + workers_.size(); ++host) network_.partition(host, false, false);
  broker_->disk_full(false);
  broker_->no_crash();
}

}  // namespace fairlead::simulation
