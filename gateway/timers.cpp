#include "gateway/timers.hpp"

#include <utility>

namespace fairlead::gateway {

bool Timers::set(UserId user, const std::string& name, Instant at, std::string payload) {
  cancel(user, name);
  auto& of_user = by_user_[user];
  if (of_user.size() >= max_per_user) return false;
  of_user[name] = {.at = at, .payload = std::move(payload)};
  by_time_.emplace(at, user, name);
  return true;
}

void Timers::cancel(UserId user, const std::string& name) {
  const auto of_user = by_user_.find(user);
  if (of_user == by_user_.end()) return;
  const auto timer = of_user->second.find(name);
  if (timer == of_user->second.end()) return;
  by_time_.erase({timer->second.at, user, name});
  of_user->second.erase(timer);
  if (of_user->second.empty()) by_user_.erase(of_user);
}

void Timers::forget(UserId user) {
  const auto of_user = by_user_.find(user);
  if (of_user == by_user_.end()) return;
  for (const auto& [name, timer] : of_user->second) by_time_.erase({timer.at, user, name});
  by_user_.erase(of_user);
}

std::optional<Timers::Due> Timers::take_due(Instant now) {
  if (next_time() > now) return std::nullopt;
  const auto& [at, user, name] = *by_time_.begin();
  Due due{.user = user, .name = name, .payload = std::move(by_user_[user][name].payload)};
  cancel(due.user, due.name);
  return due;
}

}  // namespace fairlead::gateway
