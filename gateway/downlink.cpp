// The half of Gateway that hears the broker.
#include <algorithm>
#include <iterator>
#include <utility>

#include "bus/mutation.hpp"
#include "bus/text.hpp"
#include "gateway/gateway.hpp"
#include "schemas/codec.hpp"
#include "schemas/limits.hpp"

namespace fairlead::gateway {
namespace {

// The broker sends at most 16 MiB that is not acknowledged (B9); twice that before its welcome is not the broker's way.
constexpr std::size_t max_early = std::size_t{32} << 20U;

bool is_control(const schemas::ToGateway& record) {
  return std::holds_alternative<schemas::Heartbeat>(record) ||
         std::holds_alternative<schemas::GatewayWelcome>(record) || std::holds_alternative<schemas::Refused>(record) ||
         std::holds_alternative<schemas::Gap>(record) || std::holds_alternative<schemas::Reset>(record) ||
         std::holds_alternative<schemas::Complaint>(record);
}

}  // namespace

void Gateway::on_frontend_frame(std::string_view frame, Instant now, Actions& out) {
  auto opened = schemas::open_frame(frame);
  if (!opened) return on_bad_frame(opened.error().message, out);
  if (opened->header.link != link_.id() || link_.state() == Link::State::waiting) {
    ++counters_.stale;
    return;
  }
  if (opened->header.seq != 0) return on_bad_frame("numbered records on the control leg", out);
  link_.on_heard(now);
  if (!decode(opened->records, false, out)) return;
  // A record may lead to deliveries that came early, which are decoded into the same memory.
  auto records = std::exchange(records_, {});
  for (auto& record : records) std::visit([&](auto& it) { on_record(it, now, out); }, record);
}

void Gateway::on_delivery_frame(std::string_view frame, Instant now, Actions& out) {
  if (link_.state() == Link::State::waiting || !frame.starts_with(schemas::deliveries_topic(link_.id()))) {
    ++counters_.stale;
    return;
  }
  frame.remove_prefix(schemas::topic_bytes);
  if (link_.state() == Link::State::live) return take_deliveries(frame, now, out);
  early_bytes_ += frame.size();
  if (early_bytes_ > max_early) return on_bad_frame("too many deliveries before the welcome", out);
  early_.emplace_back(frame);
}

void Gateway::take_deliveries(std::string_view frame, Instant now, Actions& out) {
  auto opened = schemas::open_frame(frame);
  if (!opened) return on_bad_frame(opened.error().message, out);
  if (opened->header.link != link_.id() || !link_.live()) {
    ++counters_.stale;
    return;
  }
  if (opened->header.seq == 0) return on_bad_frame("deliveries without numbers", out);
  link_.on_heard(now);
  if (!decode(opened->records, true, out)) return;
  if (unacknowledged_ == 0) acknowledge_at_ = now + config_.acknowledge;
  unacknowledged_ += frame.size();

  std::uint64_t number = opened->header.seq;
  for (auto& record : records_) {
    switch (down_.on_record(number++)) {
      case InStream::Take::yes:
        ++counters_.deliveries;
        std::visit([&](auto& it) { on_record(it, now, out); }, record);
        break;
      case InStream::Take::repeated:
        ++counters_.repeated;
        break;
      case InStream::Take::gap:
        ++counters_.gaps;
        return on_link_broken("delivery " + std::to_string(down_.last() + 1) + " is missing");
    }
  }
}

// A frame counts as a whole or not at all: nothing of it is applied before all of it has been read.
bool Gateway::decode(schemas::Cursor records, bool numbered, Actions& out) {
  records_.clear();
  while (records.ok() && !records.at_end()) {
    records_.push_back(schemas::decode_to_gateway(records));
    const auto& record = records_.back();
    if (!std::holds_alternative<schemas::Unknown>(record) && is_control(record) == numbered) records.fail();
  }
  if (records.ok()) return true;
  on_bad_frame("record " + std::to_string(records_.size()) + " of a frame cannot be read", out);
  return false;
}

void Gateway::on_bad_frame(std::string_view why, Actions& out) {
  ++counters_.bad;
  out.push_back(Note{.level = Note::Level::warning, .event = "bad_frame", .text = std::string(why)});
  on_link_broken("bad bytes from the broker: " + std::string(why));
}

void Gateway::on_record(const schemas::Unknown& record, Instant now, Actions& out) {
  ++counters_.unknown;
  const std::string what = "unknown record type " + std::to_string(record.type);
  out.push_back(Note{.level = Note::Level::warning, .event = "unknown_record", .text = what});
  if (!link_.live()) return;
  std::string complaint;
  schemas::append(complaint, schemas::Complaint{.reason = what});
  send_alone(complaint, now, out);
}

void Gateway::on_record(const schemas::Heartbeat& record, Instant /*now*/, Actions& /*out*/) {
  if (!link_.live() || !down_.lost_tail_across(record.head)) return;
  ++counters_.gaps;
  on_link_broken("deliveries after " + std::to_string(down_.last()) + " did not come");
}

void Gateway::on_record(const schemas::GatewayWelcome& record, Instant now, Actions& out) {
  if (link_.state() != Link::State::dialing) return;  // the answer to a hello that was said twice
  link_.on_welcome(now);
  if (!link_.live()) return;
  ++counters_.links;
  told_away_ = false;
  shard_ = record.shard;
  const bool new_lineage = record.lineage != lineage_;
  out.push_back(Note{.level = Note::Level::info,
                     .event = "link_live",
                     .text = "broker " + text(record.incarnation) + (new_lineage ? ", new lineage" : "")});

  const std::uint64_t before_next = record.next == 0 ? 0 : record.next - 1;
  if (new_lineage) {
    lineage_ = record.lineage;
    down_.jump_to(before_next);
  } else if (before_next > down_.last()) {
    // As good as a `gap`, and better known before the events of clients are offered that the broker has closed.
    on_record(schemas::Gap{.through = before_next, .reason = "the gateway was too far behind"}, now, out);
  } else {
    down_.jump_to(down_.last());
  }

  up_ = OutStream();
  batch_ = schemas::FrameBuilder();
  offer_everything(new_lineage, now, out);

  early_bytes_ = 0;
  for (const std::string& frame : std::exchange(early_, {})) take_deliveries(frame, now, out);
}

void Gateway::on_record(const schemas::Refused& record, Instant /*now*/, Actions& out) {
  Session* session = find(record.client);
  if (session == nullptr) return;
  ++counters_.refused;
  drop(*session, record.reason, out);
  tell_change_of_all(out);
}

void Gateway::on_record(const schemas::Gap& record, Instant /*now*/, Actions& out) {
  // Also when all of those were applied: the broker may have missed our acknowledgements, and has closed the clients.
  ++counters_.cut_off;
  out.push_back(Note{.level = Note::Level::warning, .event = "cut_off", .text = record.reason});
  down_.jump_to(std::max(record.through, down_.last()));
  while (sessions_.size() > 0) drop(*sessions_.list().back(), record.reason, out);
  tell_change_of_all(out);
}

void Gateway::on_record(const schemas::Reset& record, Instant /*now*/, Actions& /*out*/) {
  on_link_broken("reset by the broker: " + printable(record.reason));
}

void Gateway::on_record(const schemas::Complaint& record, Instant /*now*/, Actions& out) {
  out.push_back(Note{.level = Note::Level::warning, .event = "complaint", .text = record.reason});
}

// ---- deliveries

void Gateway::on_record(schemas::Deliver& record, Instant /*now*/, Actions& out) {
  std::vector<UserId> users = targets(record.send);
  if (users.empty()) return;
  counters_.to_users += users.size();
  out.push_back(ToUsers{.users = std::move(users),
                        .payload = std::make_shared<const std::string>(std::move(record.send.payload)),
                        .binary = record.send.binary});
}

bool Gateway::owes(UserId user) const {
  const Session* session = sessions_.find(user);
  if (session == nullptr || session->pending.empty()) return false;
  return session->phase != Session::Phase::gone || session->pending.front().seq < session->last;
}

// Each user once, in rising order, and nobody that we are hanging up on. Those who have said goodbye may still be
// there to hear the answers to what they said before.
std::vector<UserId> Gateway::targets(const schemas::Send& send) {
  std::vector<UserId> users;
  switch (send.scope) {
    case schemas::Scope::clients:
      users.reserve(send.clients.size());
      for (const ClientId& client : send.clients) {
        if (const Session* session = find(client)) users.push_back(session->user());
      }
      break;
    case schemas::Scope::uids:
      users = mirror_.of_uids(send.names);
      break;
    case schemas::Scope::groups:
      users = mirror_.of_groups(send.names);
      break;
    case schemas::Scope::all:
      users.reserve(sessions_.size());
      for (const Session* session : sessions_.list()) {
        if (session->known || FAIRLEAD_MUTATION(all_are_known)) users.push_back(session->user());
      }
      break;
  }
  std::vector<UserId> except;
  for (const ClientId& client : send.except) {
    if (const Session* session = find(client)) except.push_back(session->user());
  }
  std::sort(except.begin(), except.end());
  std::erase_if(users, [&](UserId user) {
    const Session* session = sessions_.find(user);
    return session == nullptr || session->phase == Session::Phase::closing ||
           std::binary_search(except.begin(), except.end(), user);
  });
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

void Gateway::on_record(const schemas::Bound& record, Instant /*now*/, Actions& /*out*/) {
  if (const Session* session = find(record.client)) mirror_.bind(session->user(), record.uid);
}

void Gateway::on_record(const schemas::Joined& record, Instant now, Actions& out) {
  const Session* session = find(record.client);
  if (session == nullptr || !mirror_.join(session->user(), record.group, record.watch) || !record.watch) return;
  on_group_change(session->user(), {.group = record.group, .joined = true, .size = record.size}, now, out);
}

void Gateway::on_record(const schemas::Left& record, Instant now, Actions& out) {
  const Session* session = find(record.client);
  if (session == nullptr || !mirror_.leave(session->user(), record.group)) return;
  on_group_change(session->user(), {.group = record.group, .size = record.size}, now, out);
}

void Gateway::on_record(const schemas::Ungrouped& record, Instant now, Actions& out) {
  for (const UserId user : mirror_.ungroup(record.group)) on_group_change(user, {.group = record.group}, now, out);
}

void Gateway::on_group_change(UserId user, const schemas::GroupChange& change, Instant now, Actions& out) {
  Session* session = sessions_.find(user);
  if (session == nullptr || session->phase != Session::Phase::open) return;
  take_event(*session, schemas::EventKind::group, false, schemas::encode(change), now, out);
}

void Gateway::on_record(const schemas::Replay& record, Instant now, Actions& out) {
  Session* session = find(record.client);
  if (session == nullptr || session->phase != Session::Phase::open) return;
  ++counters_.replayed;
  take_event(*session, record.kind, record.binary, record.payload, now, out);
}

void Gateway::on_record(schemas::Timer& record, Instant now, Actions& out) {
  // Beyond any clock; a time that has not come yet stays far from the largest one.
  constexpr std::uint64_t longest = 366ULL * 24 * 3600 * 1000;
  const Session* session = find(record.client);
  if (session == nullptr || session->phase != Session::Phase::open) return;
  const UserId user = session->user();
  if (!record.after) return timers_.cancel(user, record.name);
  const Instant at = now + std::chrono::milliseconds(std::min(*record.after, longest));
  if (timers_.set(user, record.name, at, std::move(record.payload))) return;
  ++counters_.timers_refused;
  out.push_back(Note{.level = Note::Level::warning,
                     .event = "timer_refused",
                     .text = "client " + record.client.text() + " has " + std::to_string(Timers::max_per_user) +
                             " timers already; '" + printable(record.name) + "' is not set"});
}

void Gateway::on_record(schemas::SessionSet& record, Instant /*now*/, Actions& /*out*/) {
  if (const Session* session = find(record.client)) {
    mirror_.set_session(session->user(), record.version, std::move(record.session));
  }
}

void Gateway::on_record(schemas::Close& record, Instant /*now*/, Actions& out) {
  constexpr std::uint16_t normal = 1000;
  Session* session = find(record.client);
  if (session == nullptr || session->phase != Session::Phase::open) return;
  session->phase = Session::Phase::closing;
  out.push_back(CloseUser{.user = session->user(),
                          .reason = {normal, std::move(record.reason)},
                          .last = std::move(record.last),
                          .binary = record.binary,
                          .now = record.now});
}

void Gateway::on_record(const schemas::Committed& record, Instant /*now*/, Actions& out) {
  Session* session = find(record.client);
  if (session == nullptr) return;
  session->known = true;
  if (record.seq > session->last) {
    // The broker has closed the client by itself, with an event of its own: we were dead for it.
    ++counters_.refused;
    drop(*session, "the broker had given up on this gateway", out);
  } else {
    Uplink::Change change = Uplink::Change::none;
    counters_.committed += uplink_.commit(*session, record.seq, change);
    if (session->phase == Session::Phase::gone && session->pending.empty()) {
      forget(*session);
    } else if (change == Uplink::Change::resume && session->phase == Session::Phase::open) {
      out.push_back(ResumeUser{session->user()});
    }
  }
  tell_change_of_all(out);
}

}  // namespace fairlead::gateway
