#include "fairlead/rehearsal.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "bus/check.hpp"
#include "schemas/codec.hpp"
#include "worker/turn.hpp"

namespace fairlead {
namespace {

using schemas::Ask;

struct Actor {
  worker::OwnClient own;
  std::uint64_t seq = 0;
  bool open = true;
  std::vector<std::string> heard;
  bool last_was_binary = false;
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

  // One event, its outcome, and the close events that follow from it.
  void play(ClientId id, schemas::EventKind kind, std::string payload, bool binary) {
    std::deque<ClientId> closed;
    play_one(id, kind, std::move(payload), binary, closed);
    while (!closed.empty()) {
      const ClientId next = closed.front();
      closed.pop_front();
      play_one(next, schemas::EventKind::close, encode(schemas::CloseReason{1000, "the worker closed it"}), false,
               closed);
    }
  }

  void play_one(ClientId id, schemas::EventKind kind, std::string payload, bool binary, std::deque<ClientId>& closed) {
    Actor& played = actor(id);
    if (kind == schemas::EventKind::close) played.open = false;
    worker::OwnClient own = played.own;
    const schemas::Unit unit{.unit = {1}, .attempt = 1, .client = id, .gateway = "rehearsal", .peer = "192.0.2.1:5123"};
    const schemas::UnitEvent event{.seq = ++played.seq, .kind = kind, .binary = binary, .payload = std::move(payload)};
    auto outcome =
        worker::take_turn(handler, {.unit = unit, .event = event, .own = own, .queries = *this, .store = *store});
    failure.reset();
    if (outcome.verdict == schemas::Verdict::failed) failure = outcome.error;
    for (const auto& effect : outcome.effects) commit(effect, closed);
  }

  void commit(const schemas::Effect& effect, std::deque<ClientId>& closed) {
    for (auto& [id, other] : actors) {
      if (other.open) other.own.apply(effect);
    }
    if (const auto* const send = std::get_if<schemas::Send>(&effect)) deliver(*send);
    const auto* const close = std::get_if<schemas::CloseClient>(&effect);
    if (close == nullptr || !actors.contains(close->client) || !actor(close->client).open) return;
    Actor& leaving = actor(close->client);
    if (close->last) leaving.heard.push_back(*close->last);
    leaving.open = false;
    closed.push_back(close->client);
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
  std::optional<std::string> failure;
  Entries entries;  // of the query whose pages are being asked for
  bool gateway_lost = false;
  bool broker_lost = false;
};

Rehearsal::Rehearsal(Handler& handler, std::shared_ptr<Store> store)
    : stage_(std::make_unique<Stage>(handler, std::move(store))) {
  WorkerInfo info{.name = "rehearsal", .thread = 0, .store = *stage_->store};
  handler.on_start(info);
}

Rehearsal::~Rehearsal() { stage_->handler.on_stop(StopReason::asked); }

ClientId Rehearsal::open(const Handshake& handshake) {
  const ClientId id{.shard = 0, .gateway = {0xfa17}, .counter = stage_->actors.size() + 1};
  stage_->actors[id].own.id = id;
  stage_->play(id, schemas::EventKind::open,
               encode(schemas::Handshake{.peer = handshake.peer,
                                         .listener = handshake.listener,
                                         .path = handshake.path,
                                         .query = handshake.query,
                                         .headers = handshake.headers,
                                         .cookies = handshake.cookies}),
               false);
  return id;
}

void Rehearsal::say(ClientId client, std::string_view message) {
  stage_->play(client, schemas::EventKind::message, std::string(message), false);
}

void Rehearsal::say_binary(ClientId client, std::string_view message) {
  stage_->play(client, schemas::EventKind::message, std::string(message), true);
}

void Rehearsal::leave(ClientId client, const CloseReason& reason) {
  stage_->play(client, schemas::EventKind::close, encode(schemas::CloseReason{reason.code, reason.text}), false);
}

std::vector<std::string> Rehearsal::heard(ClientId client) { return std::exchange(stage_->actor(client).heard, {}); }
bool Rehearsal::last_was_binary(ClientId client) const { return stage_->actor(client).last_was_binary; }
bool Rehearsal::is_open(ClientId client) const { return stage_->actor(client).open; }
std::string Rehearsal::session(ClientId client) const { return stage_->actor(client).own.session; }
const std::optional<std::string>& Rehearsal::failure() const { return stage_->failure; }
void Rehearsal::lose_a_gateway() { stage_->gateway_lost = true; }
void Rehearsal::lose_the_broker() { stage_->broker_lost = true; }

}  // namespace fairlead
