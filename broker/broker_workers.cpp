// The broker's dealings with workers: their links, the units they get, the outcomes they bring (docs/protocol.md, B2,
// B3, B5–B7).
#include <algorithm>
#include <span>

#include "broker/answers.hpp"
#include "broker/broker.hpp"
#include "bus/mutation.hpp"
#include "schemas/codec.hpp"
#include "schemas/limits.hpp"

namespace fairlead::broker {
namespace {

constexpr std::uint64_t max_after = 366ULL * 24 * 3600 * 1000;  // milliseconds, before they become a Duration

}  // namespace

void Broker::on_hello(RoutingId from, LinkId link, const schemas::WorkerHello& hello, Instant now) {
  if (!hello.incarnation) return send_now(Leg::backend, from, link, schemas::Reset{"a hello needs an incarnation"});
  if (WorkerPeer* old = workers_.by_incarnation(hello.incarnation))
    lose(*old, "it came back on a new link", false, now);
  if (WorkerPeer* old = workers_.by_routing(from)) lose(*old, "it came back on a new link", false, now);
  // It was not dead after all: what it was handling did not kill it.
  if (const auto at = blamed_.find(hello.incarnation); at != blamed_.end()) {
    const auto& [client, seq] = at->second;
    Mailbox* mailbox = mailboxes_.find(client);
    if (mailbox != nullptr && !mailbox->empty() && mailbox->front().seq == seq && mailbox->blames > 0)
      --mailbox->blames;
    blamed_.erase(at);
  }
  WorkerPeer peer;
  peer.link = link;
  peer.routing = from;
  peer.incarnation = hello.incarnation;
  peer.name = hello.name;
  peer.version = hello.version;
  peer.app = hello.app;
  peer.heard = peer.sent = now;
  WorkerPeer& added = workers_.add(std::move(peer));
  go_live(added, now);
}

void Broker::go_live(WorkerPeer& peer, Instant now) {
  if (peer.live || !outcome_hellos_.contains(peer.link)) return;
  outcome_hellos_.remove(peer.link);
  peer.live = true;
  dispatch_.add_worker(peer.link, now);
  schemas::append(peer.control.body(),
                  schemas::WorkerWelcome{.incarnation = config_.incarnation, .shard = header_.shard});
  note(Level::info, "worker_here", {{"worker", peer.name}, {"version", peer.version}, {"app", peer.app}});
}

bool Broker::on_record(WorkerPeer& peer, schemas::ToBrokerFromWorker record, Instant now) {
  if (const auto* unknown = std::get_if<schemas::Unknown>(&record)) {
    ++counters_.unknown_records;
    schemas::append(peer.control.body(),
                    schemas::Complaint{"record type " + std::to_string(unknown->type) + " is not known here"});
    return true;
  }
  if (const auto* heartbeat = std::get_if<schemas::Heartbeat>(&record)) {
    if (!peer.in.lost_tail_across(heartbeat->head)) return true;
    return reset(peer, "the tail of its outcomes was lost", now), false;
  }
  if (const auto* credit = std::get_if<schemas::Credit>(&record))
    return dispatch_.on_credit(peer.link, credit->units), true;
  if (const auto* progress = std::get_if<schemas::Progress>(&record)) {
    const UnitOut* unit = dispatch_.find(progress->unit);
    if (unit != nullptr && unit->worker == peer.link && unit->attempt == progress->attempt)
      dispatch_.on_word(peer.link, now);
    return true;
  }
  if (const auto* query = std::get_if<schemas::Query>(&record)) {
    ++counters_.queries;
    const bool complete = std::none_of(away_.begin(), away_.end(), [this](const auto& away) {
      return state_.directory().gateways().contains(away.first);
    });
    schemas::append(peer.control.body(), answer(state_.directory(), *query, complete));
    return true;
  }
  if (std::holds_alternative<schemas::Drain>(record)) {
    note(Level::info, "worker_drains", {{"worker", peer.name}});
    dispatch_.on_draining(peer.link);
    number(peer, schemas::Drained{});
    return true;
  }
  if (const auto* bye = std::get_if<schemas::Bye>(&record)) return lose(peer, "bye: " + bye->reason, false, now), false;
  if (std::holds_alternative<schemas::WorkerHello>(record)) return true;
  if (const auto* complaint = std::get_if<schemas::Complaint>(&record)) {
    note(Level::warning, "complaint", {{"worker", peer.name}, {"reason", complaint->reason}});
    return true;
  }
  return reset(peer, "an outcome on the wrong socket", now), false;
}

void Broker::on_outcome(WorkerPeer& peer, schemas::Outcome outcome, Instant now) {
  dispatch_.on_word(peer.link, now);
  UnitOut* unit = dispatch_.find(outcome.unit);
  // The outcome may come from a worker we already gave up on. Its unit has a newer attempt by then, so this one is
  // dropped without a word.
  if (unit == nullptr || unit->worker != peer.link || unit->attempt != outcome.attempt ||
      unit->next_seq != outcome.seq) {
    ++counters_.late_outcomes;
    return;
  }
  const ClientId client = unit->client;
  Mailbox& mailbox = *mailboxes_.find(client);
  if (tap_.on() && (outcome.verdict != schemas::Verdict::done || !state_.conflicts(outcome.effects)))
    tap_.outcome(state_, peer.name, client, mailbox.front(), outcome);
  if (outcome.verdict == schemas::Verdict::failed) {
    ++counters_.failed;
    ++peer.failures;
    note(Level::warning, "handler_failed",
         {{"client", client.text()},
          {"seq", std::to_string(outcome.seq)},
          {"worker", peer.name},
          {"error", outcome.error}});
    return give_up(outcome.unit, true, "the handler failed: " + outcome.error, Dispatch::Place::front);
  }
  if (outcome.verdict == schemas::Verdict::again) {
    ++counters_.postponed;
    const auto after = std::min(Duration(std::chrono::milliseconds(std::min<std::uint64_t>(outcome.after, max_after))),
                                config_.longest_postponement);
    return postpone(outcome.unit, now + after);
  }
  if (state_.conflicts(outcome.effects)) {
    ++counters_.conflicts;
    number(peer, schemas::Cancel{.unit = outcome.unit, .attempt = outcome.attempt});
    const bool endless = ++mailbox.conflicts % config_.max_conflicts == 0;
    return give_up(outcome.unit, endless, "the session it had read was changed each time", Dispatch::Place::front);
  }
  ++peer.commits;
  const bool last = unit->next_seq++ == unit->last_seq;
  commit(client, mailbox, std::move(outcome.effects));
  if (!last) {
    mailbox.attempts = 1;  // the next event is in this unit too
    return;
  }
  dispatch_.finish(outcome.unit);
  mailbox.out.reset();
  settle(client, mailbox, Dispatch::Place::back);
}

void Broker::on_publication(WorkerPeer& peer, schemas::Publication publication) {
  if (publication.id <= state_.published(peer.incarnation) && !FAIRLEAD_MUTATION(publish_twice)) {
    ++counters_.repeated_publications;
    return;
  }
  ++counters_.publications;
  record(Published{.publisher = peer.incarnation, .id = publication.id, .effects = std::move(publication.effects)});
}

// The handler cannot work now: nobody is to blame, and nobody tries before `until`.
void Broker::postpone(UnitId id, Instant until) {
  const ClientId client = dispatch_.find(id)->client;
  mailboxes_.find(client)->not_before = until;
  postponed_.emplace(until, client);
  give_up(id, false, "", Dispatch::Place::front);
}

void Broker::wake_postponed(Instant now) {
  while (!postponed_.empty() && postponed_.begin()->first <= now) {
    const ClientId client = postponed_.begin()->second;
    postponed_.erase(postponed_.begin());
    Mailbox* mailbox = mailboxes_.find(client);
    mailbox->not_before.reset();
    settle(client, *mailbox, Dispatch::Place::front);
  }
}

void Broker::lose(WorkerPeer& peer, const std::string& reason, bool blame, Instant now) {
  static_cast<void>(now);
  // Whoever only ever said hello was never told to be here.
  const Level level = blame ? Level::warning : Level::info;
  note(peer.live ? level : Level::debug, "worker_lost", {{"worker", peer.name}, {"reason", reason}});
  const Incarnation incarnation = peer.incarnation;
  const std::string name = peer.name;
  const LinkId link = peer.link;
  workers_.remove(link);
  const std::vector<UnitId> units = dispatch_.remove_worker(link);
  // What left with this very turn has not reached it: its connection was gone already. Otherwise one reset of all workers'
  // connections would have an event blamed by one after another, although nobody died.
  const bool had_it = blame && !units.empty() && dispatch_.find(units.front())->turn != turns_;
  if (had_it) {
    const UnitOut& handling = *dispatch_.find(units.front());
    if (blamed_.size() >= 1024) blamed_.clear();
    blamed_[incarnation] = {handling.client, handling.next_seq};
  }
  // The newest first, each to the front: so the oldest ends up first again.
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    give_up(*unit, had_it && *unit == units.front(), "worker '" + name + "' was lost while handling it: " + reason,
            Dispatch::Place::front);
  }
}

void Broker::give_up(UnitId id, bool blamed, const std::string& reason, Dispatch::Place place) {
  const UnitOut* unit = dispatch_.find(id);
  if (unit == nullptr) return;
  ++counters_.returned;
  const ClientId client = unit->client;
  dispatch_.finish(id);
  Mailbox& mailbox = *mailboxes_.find(client);
  mailbox.out.reset();
  if (FAIRLEAD_MUTATION(requeue_at_tail))
    std::rotate(mailbox.events.begin() + static_cast<std::ptrdiff_t>(mailbox.first),
                mailbox.events.begin() + static_cast<std::ptrdiff_t>(mailbox.first) + 1, mailbox.events.end());
  if (blamed) blame(client, mailbox, reason);
  settle(client, mailbox, place);
}

void Broker::check_workers(Instant now) {
  std::vector<LinkId> silent;
  for (const auto& [link, peer] : workers_) {
    if (now - peer.heard >= config_.dead) silent.push_back(link);
  }
  for (const LinkId link : silent) {
    WorkerPeer& peer = *workers_.by_link(link);
    send_now(Leg::backend, peer.routing, peer.link, schemas::Reset{"silent for too long"});
    lose(peer, "silent for too long", true, now);
  }
  const Dispatch::Late late = dispatch_.late(now);
  const auto take_back = [&](UnitId id, bool blamed) {
    const UnitOut* unit = dispatch_.find(id);
    if (unit == nullptr) return;
    if (WorkerPeer* peer = workers_.by_link(unit->worker)) {
      if (blamed)
        note(Level::warning, "handler_overdue",
             {{"worker", peer->name}, {"client", unit->client.text()}, {"seq", std::to_string(unit->next_seq)}});
      number(*peer, schemas::Cancel{.unit = id, .attempt = unit->attempt});
    }
    give_up(id, blamed, "its handler was past its deadline", Dispatch::Place::front);
  };
  for (const UnitId id : late.behind) take_back(id, false);
  for (const UnitId id : late.overdue) take_back(id, true);
}

void Broker::hand_out(Instant now) {
  while (const auto match = dispatch_.match()) {
    Mailbox& mailbox = *mailboxes_.find(match->client);
    mailbox.ready = false;
    const std::size_t most = match->alone ? 1 : std::min(mailbox.waiting(), config_.unit_events);
    std::size_t events = 0;
    std::size_t bytes = 0;
    while (events < most && (events == 0 || bytes < config_.unit_bytes))
      bytes += mailbox.events[mailbox.first + events++].payload.size();
    const std::span<const schemas::UnitEvent> carried(&mailbox.events[mailbox.first], events);

    const std::uint64_t attempt = ++mailbox.attempts;
    const UnitId id = dispatch_.hand_out({.client = match->client,
                                          .worker = match->worker,
                                          .attempt = attempt,
                                          .next_seq = carried.front().seq,
                                          .last_seq = carried.back().seq,
                                          .bytes = bytes,
                                          .alone = match->alone,
                                          .turn = turns_},
                                         now);
    if (!FAIRLEAD_MUTATION(parallel_dispatch)) mailbox.out = id;
    ++counters_.units;

    schemas::Unit unit{.unit = id, .attempt = attempt, .client = match->client};
    if (const GatewayState* gateway = state_.gateway(match->client.gateway)) unit.gateway = gateway->name;
    if (const Client* client = state_.directory().find(match->client)) {
      unit.peer = client->peer;
      unit.session_version = client->session_version;
      unit.session = client->session;
      unit.uid = client->uid;
      unit.groups = client->groups;
    } else {
      unit.peer = peer_of_open(carried.front());
    }
    WorkerPeer& peer = *workers_.by_link(match->worker);
    if (peer.batch.empty()) peer.batch_first = peer.units.head() + 1;
    schemas::append(peer.batch.body(), unit, carried);
    if (tap_.on()) tap_.unit(state_, peer.name, unit, carried);
    peer.units.next();
    if (peer.batch.record_bytes() >= schemas::batch_bytes) flush(peer, now);
  }
}

template <class Record>
void Broker::number(WorkerPeer& peer, const Record& record) {
  if (peer.batch.empty()) peer.batch_first = peer.units.head() + 1;
  schemas::append(peer.batch.body(), record);
  peer.units.next();
}

// What has no number goes first (the welcome, before any unit), a heartbeat last: its head counts the units before it.
void Broker::flush(WorkerPeer& peer, Instant now) {
  const std::uint64_t ack = peer.in.last();
  const auto send = [&](schemas::FrameBuilder& frame, std::uint64_t first) {
    peer.sent = now;
    peer.outcomes_told = ack;
    sends_.push_back({Leg::backend, peer.routing, frame.finish({.link = peer.link, .seq = first, .ack = ack})});
  };
  if (!peer.control.empty()) send(peer.control, 0);
  if (!peer.batch.empty()) send(peer.batch, peer.batch_first);
  // A worker that drains waits for its last acknowledgement; nobody else is kept waiting by one.
  const bool drains = dispatch_.idle(peer.link) && ack != peer.outcomes_told;
  if (!peer.live || (!drains && now - peer.sent < config_.heartbeat)) return;
  schemas::append(peer.control.body(), schemas::Heartbeat{.head = peer.units.head()});
  send(peer.control, 0);
}

}  // namespace fairlead::broker
