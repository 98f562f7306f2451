#include "tests/simulation/broker_process.hpp"

#include <algorithm>
#include <utility>

#include "bus/mutation.hpp"
#include "schemas/frame.hpp"
#include "tests/simulation/application.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/violation.hpp"

namespace fairlead::simulation {
namespace {

constexpr std::size_t segment_bytes = std::size_t{24} << 10U;
constexpr Duration retry_write = 100ms;

Leg network_leg(broker::Leg leg) {
  return leg == broker::Leg::frontend ? Leg::frontend : leg == broker::Leg::backend ? Leg::backend : Leg::deliveries;
}

Direction direction_of(broker::Leg leg) {
  return leg == broker::Leg::backend ? Direction::to_worker : Direction::to_gateway;
}

}  // namespace

BrokerProcess::BrokerProcess(Surroundings around, Random random) : Process(around, "broker", random) {}

void BrokerProcess::deliver(Network::ToBroker arrival) {
  if (!up()) return;
  inboxes_[static_cast<std::size_t>(arrival.leg)].push_back(std::move(arrival));
  wake();
}

void BrokerProcess::disk_full(bool full) {
  disk_.full = full;
  tell(full ? "disk is full" : "disk has room");
}

// ---- life

void BrokerProcess::on_start() {
  holding_ = unwritten_ = false;
  turn_.clear();
  broker::Config config{.incarnation = around_.oracle.new_incarnation(name())};
  config.gateway_dead = gateway_dead;
  config.dispatch.deadline = handler_deadline;
  config.unit_events = 1 + random_.below(8);
  if (disk_.segments.empty()) {
    broker_.emplace(config, broker::JournalHeader{.lineage = {random_.next() | 1U}});
  } else {
    // From the newest segment that is complete; the older ones are there because a newer one may not be.
    std::optional<broker::Replayed> replayed;
    while (!disk_.segments.empty() && !replayed) {
      auto segment = broker::replay_segment(disk_.segments.back());
      if (segment) {
        replayed = std::move(*segment);
      } else {
        tell("passes over a segment: " + segment.error().message);
        disk_.segments.pop_back();
      }
    }
    demand(replayed.has_value(), "no segment of the journal can be read");
    if (!digest_.empty()) {
      const std::string digest = replayed->state.digest();
      demand(digest == digest_, "recovered state differs.\nbefore:\n" + digest_ + "after:\n" + digest);
    }
    ++recoveries_;
    disk_.segments.back().resize(replayed->good_bytes);
    broker_.emplace(config, replayed->header, std::move(replayed->state));
  }
  disk_.segments.push_back(broker_->checkpoint());
  digest_.clear();
  around_.network.broker_up();
}

void BrokerProcess::on_kill() {
  around_.network.broker_down();
  if (broker_ && !holding_ && !crash_ && !unwritten_) digest_ = broker_->state_digest();
  broker_.reset();
  crash_.reset();
  for (auto& inbox : inboxes_) inbox.clear();
}

Instant BrokerProcess::next_time() const {
  if (!broker_) return Instant::max();
  return holding_ ? now() + retry_write : broker_->next_time(now());
}

// ---- turns

bool BrokerProcess::on_turn(Instant now) {
  if (holding_) {
    if (!write()) {
      if (!up()) return false;
      std::vector<broker::Send> sends;
      broker_->keep_alive(now, sends);
      for (auto& send : sends) send_one(send);
      return false;
    }
    holding_ = false;
    send();
    return up();
  }
  const std::size_t room = budget();
  bool more = false;
  const std::size_t first = random_.below(4);
  for (std::size_t i = 0; i < 4; ++i) more = take((first + i) % 4, room, now) || more;
  broker_->on_turn(now, turn_);
  unwritten_ = false;
  tell_notes();
  if (FAIRLEAD_MUTATION(acknowledge_early)) {
    auto sends = turn_.sends;
    for (auto& send : sends) send_one(send);
    turn_.sends.clear();
  }
  if (!write()) {
    holding_ = up();
    return false;
  }
  send();
  if (!up()) return false;
  around_.oracle.on_broker_turn(*broker_);
  rotate();
  return more;
}

bool BrokerProcess::take(std::size_t leg, std::size_t room, Instant now) {
  auto& inbox = inboxes_[leg];
  for (; !inbox.empty() && room > 0; --room) {
    const Network::ToBroker arrival = std::move(inbox.front());
    inbox.pop_front();
    switch (arrival.leg) {
      case Leg::frontend:
        broker_->on_frontend_frame(arrival.routing, arrival.frame, now);
        break;
      case Leg::deliveries:
        if (traced()) tell(arrival.frame[0] != 0 ? "hears a subscription" : "hears a subscription end");
        broker_->on_subscription(arrival.frame, now);
        break;
      case Leg::backend:
        broker_->on_backend_frame(arrival.routing, arrival.frame, now);
        break;
      case Leg::outcomes:
        if (traced()) tell("<= " + describe(arrival.frame.substr(schemas::topic_bytes), Direction::from_worker));
        broker_->on_outcome_frame(arrival.frame, now);
        break;
    }
  }
  return !inbox.empty();
}

bool BrokerProcess::write() {
  if (turn_.journal.empty()) return true;
  if (crash_ == Crash::before_write) return kill("before it writes"), false;
  if (disk_.full) return false;
  if (FAIRLEAD_MUTATION(no_journal)) return true;
  if (crash_ == Crash::torn) {
    disk_.segments.back() += turn_.journal.substr(0, random_.below(turn_.journal.size()));
    return kill("in the middle of a write"), false;
  }
  disk_.segments.back() += turn_.journal;
  if (crash_ == Crash::after_write) {
    const std::string digest = unwritten_ ? "" : broker_->state_digest();
    kill("after a write");
    digest_ = digest;
    return false;
  }
  return true;
}

void BrokerProcess::send() {
  // Whoever cannot be reached is told to the machine when all is sent: it is in the middle of its turn.
  const bool dies = crash_ == Crash::among_sends && !turn_.journal.empty();
  const std::size_t last = dies ? random_.below(turn_.sends.size() + 1) : turn_.sends.size();
  for (std::size_t i = 0; i < last; ++i) send_one(turn_.sends[i]);
  turn_.clear();
  if (!dies) return;
  const std::string digest = unwritten_ ? "" : broker_->state_digest();
  kill("among its sends");
  digest_ = digest;
}

void BrokerProcess::send_one(broker::Send& send) {
  if (send.leg == broker::Leg::deliveries) {
    if (traced()) tell("=> " + describe(send.frame.substr(schemas::topic_bytes), direction_of(send.leg)));
    return around_.network.publish(send.frame);
  }
  if (traced()) tell("-> " + describe(send.frame, direction_of(send.leg)));
  if (around_.network.send(network_leg(send.leg), send.routing, std::move(send.frame)) == Sent::sent) return;
  broker_->on_unreachable(send.leg, send.routing, now());
  unwritten_ = true;  // perhaps
  wake();
}

void BrokerProcess::rotate() {
  if (disk_.full || disk_.segments.back().size() < segment_bytes) return;
  std::string segment = broker_->checkpoint();
  if (segment.empty()) return;
  if (crash_ == Crash::torn && random_.one_in(2)) {
    disk_.segments.push_back(segment.substr(0, random_.below(segment.size())));
    const std::string digest = broker_->state_digest();
    kill("in the middle of a checkpoint");
    digest_ = digest;
    return;
  }
  disk_.segments.push_back(std::move(segment));
  if (disk_.segments.size() > 2) disk_.segments.erase(disk_.segments.begin());
}

void BrokerProcess::tell_notes() {
  if (!traced()) return;
  for (const auto& note : turn_.notes) {
    std::string line = "notes " + note.event;
    for (const auto& [key, value] : note.fields) line += ' ' + key + '=' + value;
    tell(line);
  }
}

}  // namespace fairlead::simulation
