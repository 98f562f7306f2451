#include "gateway/session.hpp"

#include <utility>

#include "bus/check.hpp"

namespace fairlead::gateway {

Session& Sessions::add(const ClientId& client, std::string peer) {
  const auto [at, added] = by_user_.try_emplace(UserId{client.counter});
  FAIRLEAD_CHECK(added, "the shell used a user's name twice");
  Session& session = at->second;
  session.client = client;
  session.peer = std::move(peer);
  session.place = list_.size();
  list_.push_back(&session);
  return session;
}

Session* Sessions::find(UserId user) {
  const auto at = by_user_.find(user);
  return at == by_user_.end() ? nullptr : &at->second;
}

const Session* Sessions::find(UserId user) const {
  const auto at = by_user_.find(user);
  return at == by_user_.end() ? nullptr : &at->second;
}

void Sessions::remove(UserId user) {
  const auto at = by_user_.find(user);
  if (at == by_user_.end()) return;
  // The last one takes the free place: no gap, no shifting.
  const std::size_t place = at->second.place;
  list_[place] = list_.back();
  list_[place]->place = place;
  list_.pop_back();
  by_user_.erase(at);
}

}  // namespace fairlead::gateway
