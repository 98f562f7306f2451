#include "fairlead/rehearsal.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

#include "bus/check.hpp"
#include "schemas/codec.hpp"
#include "worker/bus_calls.hpp"
#include "worker/turn.hpp"

namespace fairlead {
namespace {

using schemas::Ask;

using Time = std::chrono::milliseconds;  // since the curtain rose

struct Timer {
  Time due{};
  std::string payload;
};

struct Actor {
  worker::OwnClient own;
  std::uint64_t seq = 0;
  bool open = true;
  std::vector<std::string> heard;
  bool last_was_binary = false;
  std::map<std::string, Timer> timers;
  std::set<std::string> watched;  // groups
  Time not_before{};              // its next event has been put off until then
};

struct Event {
  ClientId client;
  schemas::EventKind kind;
  std::string payload;
  bool binary = false;
};

struct Tick {
  Time interval{};
  Time due{};
  std::function<void(Bus&)> call;
};

bool is_named(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_in_any(const worker::OwnClient& own, const std::vector<std::string>& groups) {
  return std::any_of(groups.begin(), groups.end(), [&own](const auto& group) { return own.is_in(group); });
}

}  // namespace

struct Rehearsal::Stage final : worker::Queries {
  Stage(Handler& played, std::shared_ptr<Store> with) : handler(played), store(std::move(with)) {}

  Actor& actor(ClientId id) {
    const auto found = actors.find(id);
    FAIRLEAD_CHECK(found != actors.end(), "a rehearsal is asked about a client that it never had");
    return found->second;
  }

  // One event, and all that follows from it at once.
  void play(Event event) {
    events.push_back(std::move(event));
    settle();
  }

  void settle() {
    const auto may_play = [this](const Event& event) { return actor(event.client).not_before <= now; };
    while (true) {
      const auto next = std::find_if(events.begin(), events.end(), may_play);
      if (next == events.end()) return;
      Event event = std::move(*next);
      events.erase(next);
      if (const auto after = take_turn(event)) {
        actor(event.client).not_before = now + *after;
        events.push_front(std::move(event));  // before any later one of its client
      }
    }
  }

  // How long the event has been put off for, if it has.
  std::optional<Time> take_turn(const Event& event) {
    Actor& played = actor(event.client);
    if (event.kind == schemas::EventKind::close) end(played);
    worker::OwnClient own = played.own;
    const schemas::Unit unit{
        .unit = {1}, .attempt = 1, .client = event.client, .gateway = "rehearsal", .peer = "192.0.2.1:5123"};
    const schemas::UnitEvent told{
        .seq = played.seq + 1, .kind = event.kind, .binary = event.binary, .payload = event.payload};
    const auto outcome =
        worker::take_turn(handler, {.unit = unit, .event = told, .own = own, .queries = *this, .store = *store});
    failure.reset();
    if (outcome.verdict == schemas::Verdict::again) return Time{outcome.after};
    if (outcome.verdict == schemas::Verdict::failed) failure = outcome.error;
    ++played.seq;
    for (const auto& effect : outcome.effects) commit(effect);
    return std::nullopt;
  }

  // ---- what effects do

  void commit(const schemas::Effect& effect) {
    std::map<ClientId, std::vector<std::string>> before;
    for (auto& [id, other] : actors) {
      if (!other.open) continue;
      before[id] = other.own.groups;
      other.own.apply(effect);
    }
    tell_changes(effect, before);
    if (const auto* const send = std::get_if<schemas::Send>(&effect)) deliver(*send);
    if (const auto* const timer = std::get_if<schemas::SetTimer>(&effect)) set(*timer);
    if (const auto* const close = std::get_if<schemas::CloseClient>(&effect)) {
      for (auto& [id, each] : actors) {
        if (id == close->client) goodbye(id, each, close->last);
      }
    }
    if (const auto* const close = std::get_if<schemas::CloseUid>(&effect)) {
      for (auto& [id, each] : actors) {
        if (each.own.uid == close->uid) goodbye(id, each, close->last);
      }
    }
  }

  // To those who watch.
  void tell_changes(const schemas::Effect& effect, const std::map<ClientId, std::vector<std::string>>& before) {
    const auto* const join = std::get_if<schemas::Join>(&effect);
    for (const auto& [id, groups] : before) {
      Actor& member = actor(id);
      if (join != nullptr && join->watch && join->client == id) member.watched.insert(join->group);
      for (const auto& group : member.own.groups) {
        if (!is_named(groups, group) && member.watched.contains(group)) tell_change(id, group, true);
      }
      for (const auto& group : groups) {
        if (!member.own.is_in(group) && member.watched.erase(group) > 0) tell_change(id, group, false);
      }
    }
  }

  void tell_change(ClientId id, const std::string& group, bool joined) {
    std::uint64_t size = 0;
    for (const auto& [each, other] : actors) size += other.open && other.own.is_in(group) ? 1U : 0U;
    events.push_back({.client = id,
                      .kind = schemas::EventKind::group,
                      .payload = encode(schemas::GroupChange{.group = group, .joined = joined, .size = size})});
  }

  void set(const schemas::SetTimer& timer) {
    const auto found = actors.find(timer.client);
    if (found == actors.end() || !found->second.open) return;
    found->second.timers.erase(timer.name);
    if (timer.after) {
      found->second.timers[timer.name] = {.due = now + Time{*timer.after}, .payload = timer.payload};
    }
  }

  void goodbye(ClientId id, Actor& leaving, const std::optional<std::string>& last) {
    if (!leaving.open) return;
    if (last) leaving.heard.push_back(*last);
    end(leaving);
    events.push_back({.client = id,
                      .kind = schemas::EventKind::close,
                      .payload = encode(schemas::CloseReason{1000, "the worker closed it"})});
  }

  static void end(Actor& leaving) {
    leaving.open = false;
    leaving.timers.clear();
  }

  // ---- time

  void pass(Time time) {
    const Time end = now + time;
    for (auto next = next_due(); next && *next <= end; next = next_due()) {
      now = std::max(now, *next);
      fire();
    }
    now = end;
  }

  // When something happens by itself.
  std::optional<Time> next_due() const {
    std::optional<Time> next;
    const auto consider = [&next](Time due) { next = next ? std::min(*next, due) : due; };
    for (const auto& [id, each] : actors) {
      for (const auto& [name, timer] : each.timers) consider(timer.due);
    }
    for (const auto& event : events) consider(actors.at(event.client).not_before);
    for (const auto& tick : ticks) consider(tick.due);
    return next;
  }

  void fire() {
    for (auto& [id, each] : actors) {
      for (auto timer = each.timers.begin(); timer != each.timers.end();) {
        if (timer->second.due > now) {
          ++timer;
          continue;
        }
        events.push_back({.client = id,
                          .kind = schemas::EventKind::timer,
                          .payload = encode(schemas::TimerFired{timer->first, timer->second.payload})});
        timer = each.timers.erase(timer);
      }
    }
    settle();
    for (auto& tick : ticks) {
      if (tick.due > now) continue;
      tick.due = now + tick.interval;
      run(tick);
    }
  }

  void run(const Tick& tick) {
    worker::PublicationBus bus(*this, *store);
    failure.reset();
    try {
      tick.call(bus);
    } catch (const std::exception& thrown) {
      failure = thrown.what();
      return;
    }
    for (const auto& effect : bus.take_effects()) commit(effect);
    settle();
  }

  void deliver(const schemas::Send& send) {
    const std::set<ClientId> except(send.except.begin(), send.except.end());
    const std::set<ClientId> clients(send.clients.begin(), send.clients.end());
    for (auto& [id, to] : actors) {
      if (!to.open || except.contains(id)) continue;
      const bool meant = send.scope == schemas::Scope::all ||
                         (send.scope == schemas::Scope::clients && clients.contains(id)) ||
                         (send.scope == schemas::Scope::uids && to.own.uid && is_named(send.names, *to.own.uid)) ||
                         (send.scope == schemas::Scope::groups && is_in_any(to.own, send.names));
      if (!meant) continue;
      to.heard.push_back(send.payload);
      to.last_was_binary = send.binary;
    }
  }

  // ---- the broker's directory, in pages of two entries so that paging is rehearsed as well

  Result<schemas::Answer> ask(schemas::Query query) override {
    if (broker_lost) return Error{"the broker did not answer within 5s"};
    if (query.cursor.empty()) entries = find(query);
    schemas::Answer answer{.id = query.id, .complete = !gateway_lost};
    const std::size_t from = query.cursor.empty() ? 0 : std::stoul(query.cursor);
    const std::size_t to = std::min(from + 2, entries.size());
    for (std::size_t i = from; i < to; ++i) {
      answer.items.insert(answer.items.end(), entries[i].begin(), entries[i].end());
    }
    if (to < entries.size()) answer.next = std::to_string(to);
    return answer;
  }

  void progress() override {}

  using Entries = std::vector<std::vector<std::string>>;

  Entries find(const schemas::Query& query) const {
    const bool count = query.ask == Ask::count_clients || query.ask == Ask::count_uids;
    return count ? Entries{{std::to_string(find_each(query).size())}} : find_each(query);
  }

  Entries find_each(const schemas::Query& query) const {
    const std::set<ClientId> clients(query.clients.begin(), query.clients.end());
    std::set<std::vector<std::string>> found;
    std::map<std::string, std::uint64_t> sizes;
    for (const auto& [id, each] : actors) {
      if (!each.open) continue;
      const auto& own = each.own;
      const std::string name = id.encode();
      const bool of_uids = own.uid && is_named(query.names, *own.uid);
      const bool of_groups = is_in_any(own, query.names);
      const bool of_group_or_all = query.names.empty() || of_groups;
      const bool of_clients = clients.contains(id);
      switch (query.ask) {
        case Ask::clients_online:
          if (of_clients) found.insert({name});
          break;
        case Ask::uids_online:
          if (of_uids) found.insert({*own.uid});
          break;
        case Ask::clients_of_uids:
          if (of_uids) found.insert({name});
          break;
        case Ask::uids_of_clients:
          if (of_clients && own.uid) found.insert({name, *own.uid});
          break;
        case Ask::clients_of_groups:
          if (of_groups) found.insert({name});
          break;
        case Ask::uids_of_groups:
          if (of_groups && own.uid) found.insert({*own.uid});
          break;
        case Ask::all_clients:
        case Ask::count_clients:
          if (of_group_or_all) found.insert({name});
          break;
        case Ask::all_uids:
        case Ask::count_uids:
          if (of_group_or_all && own.uid) found.insert({*own.uid});
          break;
        case Ask::all_groups:
          for (const auto& group : own.groups) ++sizes[group];
          break;
        case Ask::sessions:
          if (clients.empty() ? of_group_or_all : of_clients) {
            found.insert({name, own.uid.value_or(""), std::to_string(own.session_version), own.session});
          }
          break;
      }
    }
    for (const auto& [group, size] : sizes) found.insert({group, std::to_string(size)});
    return {found.begin(), found.end()};
  }

  Handler& handler;
  std::shared_ptr<Store> store;
  std::map<ClientId, Actor> actors;
  std::deque<Event> events;  // that wait, in order
  std::vector<Tick> ticks;
  Time now{};
  std::optional<std::string> failure;
  Entries entries;  // of the query whose pages are being asked for
  bool gateway_lost = false;
  bool broker_lost = false;
};

Rehearsal::Rehearsal(Handler& handler, std::shared_ptr<Store> store)
    : stage_(std::make_unique<Stage>(handler, std::move(store))) {
  const auto every = [this](Time interval, std::function<void(Bus&)> tick) {
    if (interval <= Time{0}) throw std::invalid_argument("a tick needs an interval above zero");
    stage_->ticks.push_back({.interval = interval, .due = stage_->now + interval, .call = std::move(tick)});
  };
  WorkerInfo info{.name = "rehearsal", .thread = 0, .store = *stage_->store, .every = every};
  handler.on_start(info);
}

Rehearsal::~Rehearsal() { stage_->handler.on_stop(StopReason::asked); }

ClientId Rehearsal::open(const Handshake& handshake) {
  const ClientId id{.shard = 0, .gateway = {0xfa17}, .counter = stage_->actors.size() + 1};
  stage_->actors[id].own.id = id;
  stage_->play({.client = id,
                .kind = schemas::EventKind::open,
                .payload = encode(schemas::Handshake{.peer = handshake.peer,
                                                     .listener = handshake.listener,
                                                     .path = handshake.path,
                                                     .query = handshake.query,
                                                     .headers = handshake.headers,
                                                     .cookies = handshake.cookies})});
  return id;
}

void Rehearsal::say(ClientId client, std::string_view message) {
  stage_->play({.client = client, .kind = schemas::EventKind::message, .payload = std::string(message)});
}

void Rehearsal::say_binary(ClientId client, std::string_view message) {
  stage_->play(
      {.client = client, .kind = schemas::EventKind::message, .payload = std::string(message), .binary = true});
}

void Rehearsal::leave(ClientId client, const CloseReason& reason) {
  Stage::end(stage_->actor(client));
  stage_->play({.client = client,
                .kind = schemas::EventKind::close,
                .payload = encode(schemas::CloseReason{reason.code, reason.text})});
}

void Rehearsal::pass(std::chrono::milliseconds time) { stage_->pass(time); }

std::vector<std::string> Rehearsal::heard(ClientId client) { return std::exchange(stage_->actor(client).heard, {}); }
bool Rehearsal::last_was_binary(ClientId client) const { return stage_->actor(client).last_was_binary; }
bool Rehearsal::is_open(ClientId client) const { return stage_->actor(client).open; }
std::string Rehearsal::session(ClientId client) const { return stage_->actor(client).own.session; }
const std::optional<std::string>& Rehearsal::failure() const { return stage_->failure; }
void Rehearsal::lose_a_gateway() { stage_->gateway_lost = true; }
void Rehearsal::lose_the_broker() { stage_->broker_lost = true; }

}  // namespace fairlead
