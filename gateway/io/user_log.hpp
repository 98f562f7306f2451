// What an operator is told about single users: who was refused, held back, or lost something, and why. Each kind of
// line at most once a second; `untold` says how many were left out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bus/io/log.hpp"
#include "bus/time.hpp"

namespace fairlead::gateway::io {

class UserLog {
 public:
  void refused(Instant now, std::string_view listener, const std::string& peer, std::string_view reason);
  void bad_proxy_header(Instant now, std::string_view listener, const std::string& peer, std::string_view reason);
  void held_back(Instant now, const std::string& client);
  void messages_dropped(Instant now, const std::string& client, std::string_view reason, std::size_t messages,
                        std::size_t bytes);
  void too_slow(Instant now, const std::string& client, std::string_view reason, std::size_t bytes);

 private:
  using Limit = fairlead::io::RepeatLimit;
  static constexpr Duration every{1s};
  Limit refused_{every};
  Limit bad_proxy_header_{every};
  Limit held_back_{every};
  Limit messages_dropped_{every};
  Limit too_slow_{every};
};

}  // namespace fairlead::gateway::io
