// Who is let in: at most so many users in total, and at most so many from one household (an IPv4 address, 64 bits of an
// IPv6 one). Counts only what it is told to limit, so that a limit that is off costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "gateway/user_id.hpp"
#include "protocols/ip_address.hpp"

namespace fairlead::gateway {

struct ConnectionLimits {
  std::size_t total = 0;  // 0: as many as come
  std::size_t per_address = 0;
};

class Admission {
 public:
  explicit Admission(ConnectionLimits limits) : limits_(limits) {}

  enum class Verdict : std::uint8_t { welcome, too_many, too_many_from_there };

  // A user comes; who is welcome counts until leave().
  Verdict come();
  // Where such a user comes from, once that is known. Who is not welcome has still to leave().
  Verdict place(UserId user, const protocols::IpAddress& address);
  void leave(UserId user);

  std::size_t here() const { return here_; }

 private:
  ConnectionLimits limits_;
  std::size_t here_ = 0;
  std::unordered_map<protocols::IpAddress, std::size_t> households_;
  std::unordered_map<UserId, protocols::IpAddress> places_;
};

}  // namespace fairlead::gateway
