#include "tests/simulation/oracle.hpp"

#include <algorithm>

#include "schemas/limits.hpp"
#include "tests/simulation/broker_process.hpp"
#include "tests/simulation/gateway_process.hpp"
#include "tests/simulation/violation.hpp"
#include "tests/simulation/worker_process.hpp"

namespace fairlead::simulation {
namespace {

// An absence that is shorter does not cost a gateway its users.
constexpr Duration long_absence = 4s;
// So many workers that died may have spoilt any event.
constexpr unsigned enough_lost = 3;
// The reason of a close that the broker made for a client whose gateway it has given up.
constexpr std::string_view broker_closed = "the gateway is gone";

}  // namespace

Incarnation Oracle::new_incarnation(const std::string&) { return {++last_incarnation_}; }

// ---- at every step

void Oracle::on_received(const User& user) {
  if (!is_auditor(user)) return;
  if (const auto handled = Handled::decode(user.received.back())) model_.on_commit(*handled);
  if (const auto word = Word::decode(user.received.back())) model_.on_word(*word);
}

void Oracle::on_blame(const Handled& handled) {
  blamed_.emplace(handled.client, handled.seq);
  if (handled.kind == schemas::EventKind::message)
    blamed_orders_.emplace(handled.client, Order::parse(handled.text).number);
}

void Oracle::on_worker_lost() {
  if (++workers_lost_ >= enough_lost) model_.doubt_sizes();
}

void Oracle::on_handler(const WorkerProcess& worker, const Handled& handled, UnitId unit) {
  const Instant now = schedule_.now();
  for (const WorkerProcess* other : workers_) {
    if (other == &worker || !other->at_work() || other->at_work()->job.client != handled.client) continue;
    // After a conflict a unit is elsewhere at once, while its first worker goes on until it hears of that.
    if (now - last_conflict_ <= aftermath && other->at_work()->job.unit != unit) continue;
    const auto calm = [&](const Process& process) { return now - process.last_trouble() > aftermath; };
    if (!calm(*other) || !calm(worker) || !calm(*broker_) || now - other->at_work()->since > 50ms) continue;
    throw Violation("event " + std::to_string(handled.seq) + " of client " + handled.client.text() + " is handled at " +
                    worker.name() + " while " + other->name() + " handles the client's event " +
                    std::to_string(other->at_work()->job.event.seq));
  }
}

void Oracle::on_worker_turn(const worker::Worker& worker, const std::string& name) const {
  demand(worker.counters().bad_frames == 0, name + " was sent bad bytes");
}

void Oracle::on_gateway_turn(const gateway::Gateway& gateway, const std::string& name) const {
  const gateway::UplinkLimits limits;
  demand(gateway.uplink().events() <= limits.events + gateway.clients() + 1, name + " keeps too many events");
  demand(gateway.counters().bad == 0, name + " was sent bad bytes");
}

void Oracle::on_broker_turn(const broker::Broker& broker) {
  // A poke may come too late itself, and make one outcome of its target come too late. A handler that is alone with its
  // session conflicts with nobody.
  demand(broker.counters().conflicts <= 2 * pokes_,
         "more outcomes were too late for a session than others have set one");
  if (broker.counters().conflicts != conflicts_) {
    conflicts_ = broker.counters().conflicts;
    last_conflict_ = schedule_.now();
  }
  const broker::Config config;
  for (const auto& [id, gateway] : broker.state().gateways())
    demand(gateway.ring.bytes() <= config.ring_limit + schemas::max_frame, "a ring is over its limit");
  demand(broker.counters().bad_frames == 0, "the broker was sent bad bytes");
}

// ---- at the end

std::string Oracle::unrest() const {
  const broker::Broker* broker = broker_->machine();
  if (broker == nullptr) return "the broker is down";
  if (broker_->frozen()) return "the broker is frozen";
  if (broker->waiting_clients() > 0) return std::to_string(broker->waiting_clients()) + " mailboxes have events";
  if (broker->units_out() > 0) return std::to_string(broker->units_out()) + " units are out";
  std::size_t clients = 0;
  for (const GatewayProcess* gateway : gateways_) {
    const gateway::Gateway* machine = gateway->machine();
    if (machine == nullptr || !machine->live()) return gateway->name() + " is not linked";
    if (gateway->frozen() || gateway->reads_later()) return gateway->name() + " has not read everything";
    if (machine->uplink().events() > 0)
      return gateway->name() + " keeps " + std::to_string(machine->uplink().events()) + " uncommitted events";
    clients += machine->clients();
  }
  for (const WorkerProcess* worker : workers_) {
    if (!worker->live()) return worker->name() + " is not linked";
    if (worker->frozen()) return worker->name() + " is frozen";
    if (worker->at_work()) return worker->name() + " is at work";
    if (worker->unpublished() > 0) return worker->name() + " has words that are not committed";
  }
  if (broker->state().directory().size() != clients)
    return "the broker has " + std::to_string(broker->state().directory().size()) + " clients, the gateways " +
           std::to_string(clients);
  for (const auto& user : users_.all()) {
    if (user->end != User::End::open || !user->accepted) continue;
    const Model::Client* client = model_.find(user->client);
    const std::size_t expected = client != nullptr ? client->expected.size() : 0;
    if (user->received.size() < expected)
      return user->text() + " has got " + std::to_string(user->received.size()) + " of " + std::to_string(expected) +
             " messages";
  }
  return {};
}

void Oracle::judge() const {
  for (const auto& user : users_.all()) {
    if (!user->accepted) continue;
    judge_end(*user);
    judge_events(*user);
    judge_messages(*user);
  }
}

// Nobody is disconnected who should not be.
void Oracle::judge_end(const User& user) const {
  if (user.end != User::End::lost) return;
  demand(gateways_.at(user.gateway)->absence() >= long_absence,
         user.text() + " was disconnected by a gateway that was never away for long");
}

// Every event was committed once and in order, or became a dead letter for a reason.
void Oracle::judge_events(const User& user) const {
  const Model::Client* client = model_.find(user.client);
  const bool closed_by_broker =
      client != nullptr && client->gone && client->handled_events.back().text == broker_closed;
  const bool was_away = gateways_.at(user.gateway)->absence() >= long_absence;
  demand(!closed_by_broker || user.gateway_died || was_away,
         user.text() + " was closed by the broker, but its gateway was never away for long");
  const bool left_alone = !user.gateway_died && user.end != User::End::lost && !closed_by_broker;
  const std::uint64_t last = user.last_event();
  if (client == nullptr) {
    bool skippable = true;
    for (std::uint64_t seq = 1; seq <= last; ++seq) skippable = skippable && may_be_skipped(user, seq);
    // Its gateway may have been cut off while it came, and then forgets everybody (docs/protocol.md, G7).
    const bool cut_off = was_away && user.end != User::End::open;
    return demand(!left_alone || skippable || cut_off, "no event of " + user.text() + " was ever committed");
  }
  for (const std::uint64_t seq : client->skipped) {
    demand(may_be_skipped(user, seq),
           "event " + std::to_string(seq) + " of " + user.text() + " was not handled, for no reason");
  }
  std::set<std::uint64_t> orders;  // handled
  for (const Handled& handled : client->handled_events) {
    const std::string what = "event " + std::to_string(handled.seq) + " of " + user.text();
    if (handled.kind == schemas::EventKind::message) {
      const std::uint64_t order = Order::parse(handled.text).number;
      demand(order >= 1 && order <= user.said.size() && user.said[order - 1] == handled.text,
             what + " was '" + handled.text + "', which was never said");
      demand(orders.empty() || *orders.rbegin() < order, what + " came after its successor");
      orders.insert(order);
    }
    if (handled.kind == schemas::EventKind::close)
      demand(user.end != User::End::open, what + " is a close, but the connection is open");
  }
  if (left_alone) {
    demand(client->handled_events.size() - client->extra <= last,
           user.text() + " had " + std::to_string(last) + " events, more were committed");
    for (std::uint64_t order = 1; order <= user.said.size(); ++order) {
      demand(orders.contains(order) || may_be_missing(user, order),
             "'" + user.said[order - 1] + "' of " + user.text() + " was lost");
    }
    demand(!user.close_taken || client->gone || may_be_skipped(user, 0), "the close of " + user.text() + " was lost");
    judge_extras(user, *client);
  } else if (!client->gone) {
    // Its gateway is dead: the broker has closed it, behind what had come; unless that close could not be handled.
    demand(may_be_skipped(user, 0), user.text() + " had an open and no close");
  }
}

// Every timer woke its client, and it heard of every change of the groups that it watches.
void Oracle::judge_extras(const User& user, const Model::Client& client) const {
  if (user.end != User::End::open || client.closing || !client.skipped.empty() || workers_lost_ >= enough_lost) return;
  demand(client.timers.empty(),
         "timer '" + (client.timers.empty() ? "" : *client.timers.begin()) + "' of " + user.text() + " never came");
  demand(client.changes.empty(),
         user.text() + " did not hear that it " + (client.changes.empty() ? "" : client.changes.front()));
}

// Every user was told what the reference says, in that order, and nothing else.
void Oracle::judge_messages(const User& user) const {
  const Model::Client* client = model_.find(user.client);
  if (client == nullptr || (!client->skipped.empty() && client->skipped.front() == 1)) return;
  const auto& expected = client->expected;
  const auto& received = user.received;
  for (std::size_t i = 0; i < received.size(); ++i) {
    const std::string what =
        user.text() + " (" + user.client.text() + ") got '" + received[i] + "' as message " + std::to_string(i + 1);
    demand(i < expected.size(), what + ", which nobody sent to it");
    demand(received[i] == expected[i], what + ", not '" + expected[i] + "'");
  }
  const bool prefix_will_do = user.end != User::End::open && !(user.end == User::End::closed && client->closed_gently);
  demand(prefix_will_do || received.size() == expected.size(), user.text() + " (" + user.client.text() + ") got " +
                                                                   std::to_string(received.size()) + " of " +
                                                                   std::to_string(expected.size()) + " messages");
}

bool Oracle::may_be_skipped(const User& user, std::uint64_t seq) const {
  return workers_lost_ >= enough_lost || blamed_.contains({user.client, seq});
}

bool Oracle::may_be_missing(const User& user, std::uint64_t order) const {
  return workers_lost_ >= enough_lost || blamed_orders_.contains({user.client, order});
}

std::uint64_t Oracle::skipped() const {
  std::uint64_t skipped = 0;
  for (const auto& [id, client] : model_.clients()) skipped += client.skipped.size();
  return skipped;
}

}  // namespace fairlead::simulation
