// The timers of a gateway's clients (docs/protocol.md, G8): when which client is to be woken, under which name. They
// live as long as their client, and as this process.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "bus/time.hpp"
#include "gateway/user_id.hpp"

namespace fairlead::gateway {

class Timers {
 public:
  static constexpr std::size_t max_per_user = 64;

  struct Due {
    UserId user;
    std::string name;
    std::string payload;
    bool operator==(const Due&) const = default;
  };

  // Replaces the user's timer of that name. False, and nothing changes: the user has too many already.
  [[nodiscard]] bool set(UserId user, const std::string& name, Instant at, std::string payload);
  void cancel(UserId user, const std::string& name);
  void forget(UserId user);

  // Takes out the timer whose time came first, if it has come.
  std::optional<Due> take_due(Instant now);
  Instant next_time() const { return by_time_.empty() ? Instant::max() : std::get<Instant>(*by_time_.begin()); }
  std::size_t size() const { return by_time_.size(); }

 private:
  struct Timer {
    Instant at{};
    std::string payload;
  };

  std::map<UserId, std::map<std::string, Timer>> by_user_;
  std::set<std::tuple<Instant, UserId, std::string>> by_time_;
};

}  // namespace fairlead::gateway
