#include "tests/simulation/world.hpp"

#include <algorithm>
#include <utility>

#include "tests/simulation/application.hpp"
#include "tests/simulation/violation.hpp"

namespace fairlead::simulation {
namespace {

constexpr Duration longest_rest = 300s;
constexpr std::uint64_t most_steps = 20'000'000;

}  // namespace

World::World(Settings settings)
    : settings_(settings),
      random_(settings.seed),
      network_(schedule_, Random(random_.next()), settings.faults,
               {.to_broker = [this](Network::ToBroker arrival) { broker_->deliver(std::move(arrival)); },
                .to_peer =
                    [this](HostId host, Network::ToPeer arrival) {
                      if (host < gateways_.size()) return gateways_[host]->deliver(std::move(arrival));
                      workers_[host - gateways_.size()]->deliver(std::move(arrival));
                    },
                .peer_changed = [this](HostId host) { process_of(host)->wake(); },
                .fault =
                    [this](HostId host, std::string_view what) {
                      trace_.tell("network", std::string(what) + " at " + process_of(host)->name());
                      what == text(Fault::latency) ? process_of(host)->on_trouble() : on_trouble(host);
                    }}) {
  const Surroundings around{settings_, schedule_, trace_, network_, oracle_};
  broker_ = std::make_unique<BrokerProcess>(around, Random(random_.next()));
  oracle_.watch(*broker_);
  HostId host = 0;
  for (unsigned i = 0; i <= settings_.gateways; ++i) {
    gateways_.push_back(std::make_unique<GatewayProcess>(around, i, host++, users_, Random(random_.next())));
    oracle_.watch(*gateways_.back());
    gateways_.back()->on_user_end([this](User& user) {
      if (over() || !settings_.faults.has(Fault::churn) || users_.all().size() > 4 * settings_.users) return;
      if (user.end == User::End::left || user.end == User::End::closed || random_.one_in(2)) new_user();
    });
  }
  for (unsigned i = 0; i < settings_.workers; ++i) {
    workers_.push_back(std::make_unique<WorkerProcess>(around, i, host++, Random(random_.next())));
    oracle_.watch(*workers_.back());
  }
  restart_when_it_dies();
}

Process* World::process_of(HostId host) {
  if (host < gateways_.size()) return gateways_[host].get();
  return workers_[host - gateways_.size()].get();
}

Outcome World::run(Trace::Sink trace) {
  if (trace) trace_.to(std::move(trace));
  Outcome outcome;
  try {
    // Any start order.
    schedule_.in(up_to(300ms), [this] { broker_->start(); });
    for (auto& gateway : gateways_) schedule_.in(up_to(300ms), [&] { gateway->start(); });
    for (auto& worker : workers_) schedule_.in(up_to(300ms), [&] { worker->start(); });
    open_auditor();
    run_until([this] { return oracle_.auditor_is_heard(); }, 30s, "the auditor was never heard");
    for (unsigned i = 0; i < settings_.users; ++i) new_user();
    plan_faults();
    run_until([this] { return over(); }, settings_.length + 60s, "time stands still");
    end_faults();
    const Instant end = schedule_.now();
    run_until([this] { return oracle_.unrest().empty(); }, longest_rest, "");
    outcome.to_rest = schedule_.now() - end;
    // Nothing may come behind it.
    const Instant rest = schedule_.now();
    run_until([&] { return schedule_.now() - rest >= 2s; }, 10s, "time stands still");
    oracle_.judge();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
    trace_.tell("VIOLATION", outcome.violation);
  }
  outcome.steps = schedule_.steps();
  outcome.commits = oracle_.commits();
  outcome.skipped = oracle_.skipped();
  return outcome;
}

void World::run_until(const std::function<bool()>& condition, Duration longest, const std::string& otherwise) {
  const Instant give_up = schedule_.now() + longest;
  for (std::uint64_t i = 0;; ++i) {
    if (i % 64 == 0 && condition()) return;
    if (schedule_.now() >= give_up || schedule_.steps() > most_steps)
      throw Violation(!otherwise.empty() ? otherwise : "does not come to rest: " + oracle_.unrest());
    demand(schedule_.step(), "nothing is going to happen any more");
  }
}

// ---- people

void World::open_auditor() {
  User& user = users_.add(settings_.gateways);
  oracle_.auditor(user);
  schedule_.in(1ms, [this, &user] { open_user(user); });
}

User& World::new_user() {
  User& user = users_.add(static_cast<unsigned>(random_.below(settings_.gateways)));
  schedule_.in(up_to(500ms), [this, &user] { open_user(user); });
  return user;
}

void World::open_user(User& user) {
  const bool auditor = user.gateway == settings_.gateways;
  if (!auditor && over()) return;
  if (!gateways_[user.gateway]->connect(user, auditor ? std::string(auditor_path) : "/" + user.text())) {
    schedule_.in(up_to(400ms), [this, &user] { open_user(user); });
    return;
  }
  if (!auditor) schedule_.in(up_to(settings_.pace), [this, &user] { type(user); });
}

void World::type(User& user) {
  if (over() || user.end != User::End::open) return;
  GatewayProcess& gateway = *gateways_[user.gateway];
  // Who is not read stops typing, sooner or later.
  const bool waits = user.typed > user.said.size() + 20;
  const std::uint64_t burst = waits ? 0 : random_.one_in(10) ? random_.below(20) : 1;
  for (std::uint64_t i = 0; i < burst; ++i) gateway.say(user, make_order(++user.typed, random_, settings_.faults));
  if (settings_.faults.has(Fault::churn) && random_.one_in(25)) return gateway.hang_up(user);
  schedule_.in(up_to(2 * settings_.pace), [this, &user] { type(user); });
}

}  // namespace fairlead::simulation
