#include "gateway/io/users.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bus/io/clock.hpp"
#include "protocols/encode.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::Fd;
using fairlead::io::Level;
using fairlead::io::Loop;

constexpr std::size_t read_bytes = std::size_t{64} << 10U;
constexpr std::size_t accepts_a_turn = 64;
constexpr Duration descriptors_pause = 100ms;
// Whoever is told to go away holds a descriptor meanwhile; beyond so many they are hung up on without a word.
constexpr std::size_t most_refused = 1024;
// Who is held back is read again after this at the earliest, so that a high rate is not a timer for each message.
constexpr Duration shortest_hold = 10ms;
// From this size on, connections share one copy of a message instead of having one each.
constexpr std::size_t worth_sharing = 2048;

Duration rhythm_of(const EntranceSettings& settings) {
  const VigilTimes& vigil = settings.vigil;
  Duration shortest = std::min(settings.handshake, settings.close);
  for (const Duration time : {vigil.ping, vigil.dead, vigil.idle, vigil.login}) {
    if (time > Duration{0}) shortest = std::min(shortest, time);
  }
  return std::clamp<Duration>(shortest / 4, 10ms, 1s);
}

}  // namespace

Users::Users(Loop& its_loop, Gateway& its_gateway, Actions& its_actions, const UserSettings& user_settings)
    : Host(its_loop, its_gateway, its_actions),
      settings_(user_settings),
      memory_(user_settings.outbox_memory),
      files_(user_settings.www),
      admission_(user_settings.limits),
      buffer_(read_bytes) {
  counters = &counters_;
  memory = &memory_;
  log = &log_;
  buffer = buffer_;
}

Users::~Users() {
  stop_listening();
  connections_.clear();
}

// ---- coming in

Status Users::listen(Listener listener) {
  const std::size_t index = listeners_.size();
  listeners_.push_back(std::move(listener));
  rhythm_ = std::min(rhythm_, rhythm_of(listeners_.back().entrance().settings));
  for (const Fd& socket : listeners_.back().sockets()) {
    auto watch = loop.add(socket.get(), {.read = true}, [this, index](Loop::Ready) { accept(index); });
    if (!watch) return watch.error();
    watches_.push_back(*watch);
  }
  return Nothing{};
}

void Users::stop_listening() {
  for (const Loop::Watch watch : watches_) loop.remove(watch);
  watches_.clear();
  for (Listener& listener : listeners_) listener.close();
  for (const auto& [user, connection] : connections_) connection->give_up();
}

void Users::reload_certificates() {
  for (Listener& listener : listeners_) {
    if (!listener.entrance().certificate) continue;
    const std::string& where = listener.entrance().text;
    if (const Status loaded = listener.reload_certificate(); !loaded) {
      fairlead::io::log(Level::error, "certificate_kept", {{"listener", where}, {"reason", loaded.error().message}});
    } else {
      fairlead::io::log(Level::info, "certificate_loaded", {{"listener", where}});
    }
  }
}

void Users::accept(std::size_t index) {
  now = fairlead::io::now();
  if (!may_accept()) return update_accepting();
  const std::size_t free = settings_.descriptors - std::min(settings_.descriptors, connections_.size());
  const int budget = static_cast<int>(std::min(accepts_a_turn, free));
  const auto accepted = budget == 0 ? Listener::Accepted::out_of_descriptors
                                    : listeners_[index].accept(budget, [this](const Entrance& entrance, Fd socket) {
                                        admit(entrance, std::move(socket));
                                      });
  if (accepted != Listener::Accepted::out_of_descriptors) return;
  ++counters_.accept_pauses;
  out_of_descriptors_ = true;
  accept_again_ = now + descriptors_pause;
  update_accepting();
  if (const auto untold = descriptors_told_.allow(now)) {
    fairlead::io::log(Level::warning, "out_of_descriptors",
                      {{"connections", connections_.size()}, {"untold", *untold}});
  }
}

void Users::admit(const Entrance& entrance, Fd socket) {
  const protocols::Peer peer = peer_of(socket.get());
  const Admission::Verdict verdict = admission_.come();
  const bool welcome = verdict == Admission::Verdict::welcome;
  std::optional<protocols::HttpRefusal> refusal;
  if (!welcome) {
    refusal = refuse(entrance, peer, verdict);
    if (entrance.kind != protocols::Kind::ws) return;
    ++refused_;
  }
  const UserId user{++last_user_};
  const auto at =
      connections_.emplace(user, std::make_unique<Connection>(*this, entrance, user, std::move(socket))).first;
  Connection& connection = *at->second;
  connection.counted = welcome;
  connection.refused = !welcome;
  if (const auto started = connection.start(peer, std::move(refusal)); !started) {
    fairlead::io::log(Level::warning, "user_not_admitted", {{"reason", started.error().message}});
    bury(connection);
    return;
  }
  ++counters_.accepted;
  if (connection.refused && refused_ > most_refused) connection.give_up();
}

// Counts and tells it, and makes the answer.
protocols::HttpRefusal Users::refuse(const Entrance& entrance, const protocols::Peer& peer, Admission::Verdict why) {
  const bool from_there = why == Admission::Verdict::too_many_from_there;
  ++(from_there ? counters_.refused_too_many_from_there : counters_.refused_too_many);
  log_.refused(now, entrance.text, peer.text(), from_there ? "max-connections-per-address" : "max-connections");
  if (from_there) return {.status = 429, .why = "there are too many connections from your address"};
  return {.status = 503, .why = "there are too many connections here, try again later"};
}

std::optional<protocols::HttpRefusal> Users::place(Connection& connection, const protocols::Peer& peer) {
  const Admission::Verdict verdict = admission_.place(connection.user(), peer.address);
  if (verdict == Admission::Verdict::welcome) return std::nullopt;
  auto refusal = refuse(connection.entrance(), peer, verdict);
  admission_.leave(connection.user());
  connection.counted = false;
  connection.refused = true;
  ++refused_;
  return refusal;
}

// Watching a socket that one does not accept from would spin.
void Users::update_accepting() {
  for (const Loop::Watch watch : watches_) loop.modify(watch, {.read = may_accept()});
}

std::string Users::respond(const Entrance& entrance, const protocols::HttpRequest& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path != entrance.settings.protocol.path) return files_.respond(request.method, request.target);
  if (auto file = files_.find(request.method, request.target)) return std::move(*file);
  return protocols::http_response(426, "text/plain; charset=utf-8", "this is a WebSocket: ask for an upgrade\n",
                                  request.method == "HEAD");
}

// ---- time

void Users::on_time(Instant its_now) {
  now = its_now;
  if (out_of_descriptors_ && now >= accept_again_) {
    out_of_descriptors_ = false;
    update_accepting();
  }
  if (const Duration paused = pauses_.on_turn(now); paused > Duration{0}) {
    for (const auto& [user, connection] : connections_) connection->on_pause(paused);
  }
  if (now - last_sweep_ >= rhythm_) look_after_everybody();
  release_held_back();
}

void Users::look_after_everybody() {
  last_sweep_ = now;
  for (const auto& [user, connection] : connections_) connection->on_time();
}

Instant Users::next_time() const {
  const Instant held = held_back_.empty() ? Instant::max() : held_back_.begin()->first;
  return std::min(held, last_sweep_ + rhythm_);
}

Duration Users::longest_close() const {
  Duration longest{0};
  for (const Listener& listener : listeners_) longest = std::max(longest, listener.entrance().settings.close);
  return longest;
}

void Users::release_held_back() {
  while (!held_back_.empty() && held_back_.begin()->first <= now) {
    Connection* connection = find(held_back_.begin()->second);
    held_back_.erase(held_back_.begin());
    if (connection == nullptr) continue;
    connection->held_back = false;
    connection->try_continue();
  }
}

// ---- what the machine decided

void Users::deliver(const ToUsers& message) {
  const protocols::Message out{.payload = *message.payload, .binary = message.binary};
  struct Framed {
    std::string bytes;
    OutboxMemory::Shared shared;
  };
  std::array<Framed, 3> framed;
  for (const UserId user : message.users) {
    Connection* connection = find(user);
    if (connection == nullptr || !connection->hears()) continue;
    Framed& mine = framed.at(static_cast<std::size_t>(connection->kind()));
    if (mine.bytes.empty() && !mine.shared) {
      protocols::append_framed(connection->kind(), out, mine.bytes);
      if (mine.bytes.size() >= worth_sharing) mine.shared = memory_.share(std::move(mine.bytes));
    }
    mine.shared ? connection->send(mine.shared) : connection->send(std::string_view(mine.bytes));
  }
}

void Users::close(const CloseUser& close) {
  if (Connection* connection = find(close.user)) connection->close(close);
}

void Users::pause(UserId user) {
  Connection* connection = find(user);
  // It may be resumed already: what the machine decided in this turn is carried out only now.
  if (connection != nullptr && !gateway.accepts(user)) connection->pause();
}

void Users::resume(UserId user) {
  if (Connection* connection = find(user)) connection->try_continue();
}

void Users::resume_all() {
  update_accepting();
  for (Connection* connection : std::exchange(stalled_, {})) {
    connection->stalled = false;
    connection->try_continue();
  }
}

Connection* Users::find(UserId user) const {
  const auto at = connections_.find(user);
  return at == connections_.end() ? nullptr : at->second.get();
}

// ---- marks

void Users::stall(Connection& connection) {
  if (std::exchange(connection.stalled, true)) return;
  stalled_.push_back(&connection);
}

void Users::settle(Connection& connection) {
  if (std::exchange(connection.settling, true)) return;
  settling_.push_back(&connection);
}

// Also to be released at once, although held back already: then with an earlier time.
void Users::hold_back(Connection& connection, Instant until) {
  if (until <= now) {
    held_back_.emplace(now, connection.user());
    return;
  }
  if (std::exchange(connection.held_back, true)) return;
  ++counters_.held_back;
  log_.held_back(now, connection.client());
  held_back_.emplace(std::max(until, now + shortest_hold), connection.user());
}

void Users::mark_dirty(Connection& connection) {
  if (std::exchange(connection.dirty, true)) return;
  dirty_.push_back(&connection);
}

void Users::bury(Connection& connection) {
  if (std::exchange(connection.buried, true)) return;
  dead_.push_back(&connection);
}

void Users::flush() {
  std::erase_if(settling_, [](Connection* connection) {
    connection->settling = !connection->try_settle();
    return !connection->settling;
  });
  for (Connection* connection : std::exchange(dirty_, {})) {
    connection->dirty = false;
    connection->write();
  }
  if (dead_.empty()) return;
  for (Connection* connection : std::exchange(dead_, {})) {
    if (connection->dirty) std::erase(dirty_, connection);
    if (connection->stalled) std::erase(stalled_, connection);
    if (connection->settling) std::erase(settling_, connection);
    if (connection->counted) admission_.leave(connection->user());
    if (connection->refused) --refused_;
    connections_.erase(connection->user());
  }
  if (!out_of_descriptors_) return;
  out_of_descriptors_ = false;  // there are some again
  update_accepting();
}

}  // namespace fairlead::gateway::io
