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
using fairlead::io::log;
using fairlead::io::Loop;

constexpr std::size_t read_bytes = std::size_t{64} << 10U;
constexpr std::size_t accepts_a_turn = 64;
constexpr Duration descriptors_pause = 100ms;
// From this size on, connections share one copy of a message instead of having one each.
constexpr std::size_t worth_sharing = 2048;

}  // namespace

Users::Users(Loop& its_loop, Gateway& its_gateway, Actions& its_actions, const UserSettings& user_settings)
    : Host(its_loop, its_gateway, its_actions),
      settings_(user_settings),
      memory_(user_settings.outbox_memory),
      files_(user_settings.www),
      buffer_(read_bytes) {
  settings = &settings_;
  counters = &counters_;
  memory = &memory_;
  buffer = buffer_;
  const Duration shortest = std::min({settings_.handshake, settings_.ping, settings_.dead, settings_.close});
  rhythm_ = std::clamp<Duration>(shortest / 4, 10ms, 1s);
}

Users::~Users() {
  stop_listening();
  connections_.clear();
}

// ---- coming in

Status Users::listen(Listener listener) {
  const std::size_t index = listeners_.size();
  listeners_.push_back(std::move(listener));
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

void Users::accept(std::size_t index) {
  now = fairlead::io::now();
  if (!may_accept()) return update_accepting();
  const std::size_t free = settings_.max_connections - std::min(settings_.max_connections, connections_.size());
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
    log(Level::warning, "out_of_descriptors", {{"connections", connections_.size()}, {"untold", *untold}});
  }
}

void Users::admit(const Entrance& entrance, Fd socket) {
  const UserId user{++last_user_};
  auto connection = std::make_unique<Connection>(*this, entrance, user, std::move(socket));
  if (const auto started = connection->start(); !started) {
    log(Level::warning, "user_not_admitted", {{"reason", started.error().message}});
    return;
  }
  ++counters_.accepted;
  connections_.emplace(user, std::move(connection));
}

// Watching a socket that one does not accept from would spin.
void Users::update_accepting() {
  for (const Loop::Watch watch : watches_) loop.modify(watch, {.read = may_accept()});
}

std::string Users::respond(const protocols::HttpRequest& request) {
  return files_.respond(request.method, request.target);
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
  if (now - last_sweep_ >= rhythm_) {
    last_sweep_ = now;
    for (const auto& [user, connection] : connections_) connection->on_time();
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
    connections_.erase(connection->user());
  }
  if (!out_of_descriptors_) return;
  out_of_descriptors_ = false;  // there are some again
  update_accepting();
}

}  // namespace fairlead::gateway::io
