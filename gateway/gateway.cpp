#include "gateway/gateway.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"
#include "bus/mutation.hpp"
#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "schemas/limits.hpp"

namespace fairlead::gateway {
namespace {

// Well within what PauseDetector takes for a pause.
constexpr Duration longest_sleep = 500ms;
// How long the shell keeps the socket after a bye: libzmq does not say when it has written something.
constexpr Duration time_to_leave = 100ms;

template <class Record>
std::string encoded(const Record& record) {
  std::string bytes;
  schemas::append(bytes, record);
  return bytes;
}

constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t too_big = 1009;

}  // namespace

Gateway::Gateway(Config config, Random random)
    : config_(std::move(config)), link_(random, config_.times), uplink_(config_.limits) {
  FAIRLEAD_CHECK(config_.incarnation && !config_.name.empty(), "a gateway needs a name and an incarnation");
  FAIRLEAD_CHECK(config_.name.size() <= schemas::max_name, "a gateway's name is too long");
}

// ---- users

void Gateway::on_user_opened(UserId user, const schemas::Handshake& handshake, Instant now, Actions& out) {
  FAIRLEAD_CHECK(user && user.value <= ClientId::max_counter, "a user's name is not a client's counter");
  ++counters_.opened;
  if (stopping_) {
    out.push_back(CloseUser{.user = user, .reason = {going_away, "the gateway is stopping"}});
    return;
  }
  const ClientId client{.shard = shard_, .gateway = config_.incarnation, .counter = user.value};
  Session& session = sessions_.add(client, handshake.peer.substr(0, schemas::max_name));
  take_event(session, schemas::EventKind::open, false, schemas::encode(handshake), now, out);
}

bool Gateway::on_user_message(UserId user, std::string_view payload, bool binary, Instant now, Actions& out) {
  Session* session = sessions_.find(user);
  if (session == nullptr || session->phase != Session::Phase::open) {
    ++counters_.after_close;
    return false;
  }
  if (payload.size() > schemas::max_payload) {
    session->phase = Session::Phase::closing;
    out.push_back(CloseUser{.user = user, .reason = {too_big, "a message of more than 16 MiB"}});
    return false;
  }
  take_event(*session, schemas::EventKind::message, binary, payload, now, out);
  return !session->paused && !uplink_.paused_all();
}

void Gateway::on_user_closed(UserId user, const schemas::CloseReason& reason, Instant now, Actions& out) {
  ++counters_.closed;
  Session* session = sessions_.find(user);
  if (session == nullptr || session->phase == Session::Phase::gone) return;
  session->phase = Session::Phase::gone;
  take_event(*session, schemas::EventKind::close, false, schemas::encode(reason), now, out);
}

bool Gateway::accepts(UserId user) const {
  const Session* session = sessions_.find(user);
  return session != nullptr && session->phase == Session::Phase::open && !session->paused && !uplink_.paused_all();
}

bool Gateway::has_uid(UserId user) const {
  const Mirror::Entry* entry = mirror_.find(user);
  return entry != nullptr && entry->uid;
}

std::optional<ClientId> Gateway::client(UserId user) const {
  const Session* session = sessions_.find(user);
  return session == nullptr ? std::nullopt : std::optional(session->client);
}

void Gateway::take_event(Session& session, schemas::EventKind kind, bool binary, std::string_view payload, Instant now,
                         Actions& out) {
  ++counters_.events;
  event_.client = session.client;
  event_.seq = session.last + 1;
  event_.kind = kind;
  event_.binary = binary;
  event_.payload.assign(payload);
  if (event_.payload.capacity() > schemas::batch_bytes) event_.payload.shrink_to_fit();
  std::string record;
  record.reserve(payload.size() + 48);
  schemas::append(record, event_);
  if (link_.live()) append_numbered(record, now, out);

  if (uplink_.keep(session, std::move(record)) == Uplink::Change::pause && session.phase == Session::Phase::open) {
    ++counters_.pauses;
    out.push_back(PauseUser{session.user()});
  }
  tell_change_of_all(out);
}

void Gateway::tell_change_of_all(Actions& out) {
  switch (uplink_.change_of_all()) {
    case Uplink::Change::none:
      break;
    case Uplink::Change::pause:
      ++counters_.pauses_of_all;
      out.push_back(PauseAll{});
      break;
    case Uplink::Change::resume:
      out.push_back(ResumeAll{});
      break;
  }
}

void Gateway::drop(Session& session, std::string_view reason, Actions& out) {
  constexpr std::uint16_t service_restart = 1012;
  if (session.phase == Session::Phase::open) {  // whoever is being hung up on is not hung up on again
    out.push_back(CloseUser{.user = session.user(), .reason = {service_restart, std::string(reason)}});
  }
  forget(session);
}

void Gateway::forget(Session& session) {
  const UserId user = session.user();
  uplink_.forget(session);
  mirror_.forget(user);
  timers_.forget(user);
  sessions_.remove(user);
}

Session* Gateway::find(const ClientId& client) {
  if (client.gateway != config_.incarnation) return nullptr;
  Session* session = sessions_.find({client.counter});
  return session != nullptr && session->client == client ? session : nullptr;
}

// The event of a timer is the client's like any other: kept until it is committed.
void Gateway::wake(Instant now, Actions& out) {
  while (auto due = timers_.take_due(now)) {
    Session* session = sessions_.find(due->user);
    if (session == nullptr || session->phase != Session::Phase::open) continue;
    if (FAIRLEAD_MUTATION(forget_timers) && !link_.live()) continue;
    ++counters_.timers;
    const schemas::TimerFired fired{.name = std::move(due->name), .payload = std::move(due->payload)};
    take_event(*session, schemas::EventKind::timer, false, schemas::encode(fired), now, out);
  }
}

// ---- the link

void Gateway::on_link_broken(std::string why) { link_.on_broken(std::move(why)); }

void Gateway::on_turn(Instant now, Actions& out) {
  last_turn_ = now;
  if (finished_) return;  // users may still be leaving; the bus has been told goodbye
  const Duration paused = pause_.on_turn(now);
  link_.on_pause(paused);
  if (stopping_ && !said_bye_) stop_at_ += paused;

  const Link::Todo todo = link_.on_time(now);
  if (todo.close) end_link(out);
  if (todo.open) out.push_back(OpenLink{link_.id()});
  if (todo.hello) {
    const schemas::GatewayHello hello{
        .incarnation = config_.incarnation, .name = config_.name, .lineage = lineage_, .applied = down_.last()};
    send_alone(encoded(hello), now, out);
  }
  wake(now, out);
  if (link_.live()) {
    flush(now, out);
    const bool owed = unacknowledged_ >= config_.acknowledge_bytes || (unacknowledged_ > 0 && now >= acknowledge_at_) ||
                      todo.heartbeat;
    if (owed) send_alone(encoded(schemas::Heartbeat{.head = up_.head()}), now, out);
  }
  if (stopping_) step_stop(now, out);
}

Instant Gateway::next_time() const {
  if (finished_) return last_turn_ + longest_sleep;
  if (link_.live() && !batch_.empty()) return {};  // something was handed in after the turn
  Instant next = std::min(link_.next_time(), last_turn_ + longest_sleep);
  next = std::min(next, timers_.next_time());
  if (unacknowledged_ > 0 && link_.live()) next = std::min(next, acknowledge_at_);
  if (stopping_) next = std::min(next, sessions_.size() == 0 && !said_bye_ ? Instant{} : stop_at_);
  return next;
}

void Gateway::end_link(Actions& out) {
  out.push_back(CloseLink{});
  batch_ = schemas::FrameBuilder();
  early_.clear();
  early_bytes_ = 0;
  unacknowledged_ = 0;
  if (told_away_ || said_bye_) return;
  told_away_ = true;
  out.push_back(Note{.level = Note::Level::warning, .event = "link_lost", .text = link_.last_failure()});
}

// Every record is offered at most once on a link; what the broker has already seen it passes over (B1).
void Gateway::offer_everything(bool with_snapshots, Instant now, Actions& out) {
  for (const Session* session : sessions_.list()) {
    if (with_snapshots && session->committed > 0) {
      schemas::ClientSnapshot snapshot{
          .client = session->client, .committed = session->committed, .peer = session->peer};
      if (const Mirror::Entry* entry = mirror_.find(session->user())) {
        snapshot.uid = entry->uid;
        for (const auto& [group, watch] : entry->groups) snapshot.groups.push_back(group);
        snapshot.session_version = entry->session_version;
        snapshot.session = entry->session;
      }
      std::string record;
      schemas::append(record, snapshot);
      append_numbered(record, now, out);
    }
    counters_.offered_again += session->pending.size();
    if (FAIRLEAD_MUTATION(forget_uncommitted)) continue;
    if (FAIRLEAD_MUTATION(unordered_reoffer)) {
      for (auto event = session->pending.rbegin(); event != session->pending.rend(); ++event)
        append_numbered(event->record, now, out);
      continue;
    }
    for (const PendingEvent& event : session->pending) append_numbered(event.record, now, out);
  }
}

void Gateway::append_numbered(std::string_view record, Instant now, Actions& out) {
  const std::uint64_t number = up_.next();
  if (batch_.empty()) batch_first_ = number, batch_ack_ = down_.last();
  batch_.body() += record;
  if (batch_.record_bytes() >= schemas::batch_bytes) flush(now, out);
}

// Never more than was applied when the events in the batch were put there. With the commit of a close the broker forgets
// the client once that is acknowledged, and an offer of its open that came behind the acknowledgement would be a new client.
std::uint64_t Gateway::ack() const { return batch_.empty() ? down_.last() : batch_ack_; }

void Gateway::flush(Instant now, Actions& out) {
  if (batch_.empty()) return;
  out.push_back(SendUp{batch_.finish({.link = link_.id(), .seq = batch_first_, .ack = batch_ack_})});
  if (batch_ack_ == down_.last()) unacknowledged_ = 0;
  link_.on_sent(now);
}

void Gateway::send_alone(std::string_view record, Instant now, Actions& out) {
  schemas::FrameBuilder frame;
  frame.body() += record;
  out.push_back(SendUp{frame.finish({.link = link_.id(), .seq = 0, .ack = ack()})});
  if (ack() == down_.last()) unacknowledged_ = 0;
  link_.on_sent(now);
}

// ---- the end

void Gateway::on_stop(Instant now, Actions& out) {
  if (stopping_) return;
  stopping_ = true;
  stop_at_ = now + config_.drain;
  for (Session* session : sessions_.list()) {
    if (session->phase != Session::Phase::open) continue;
    session->phase = Session::Phase::closing;
    out.push_back(CloseUser{.user = session->user(), .reason = {going_away, "the gateway is stopping"}});
  }
}

void Gateway::step_stop(Instant now, Actions& out) {
  if (finished_) return;
  if (said_bye_) {
    finished_ = now >= stop_at_ || !link_.live();  // heard: the broker hangs up on who says bye
    return;
  }
  const bool in_time = sessions_.size() == 0;
  if (!in_time && now < stop_at_) return;
  if (!in_time) {
    out.push_back(Note{.level = Note::Level::warning,
                       .event = "stopped_unfinished",
                       .text = std::to_string(sessions_.size()) + " clients with uncommitted events"});
  }
  if (!link_.live()) {
    finished_ = true;
    return;
  }
  send_alone(encoded(schemas::Bye{.reason = "stopped"}), now, out);
  said_bye_ = true;
  stop_at_ = now + time_to_leave;
}

}  // namespace fairlead::gateway
