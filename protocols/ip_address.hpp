// Where somebody is: an IP address, with a port or without, and networks of them. Values only; nothing here looks up a
// name. An IPv4 address that was written as an IPv6 one (::ffff:192.0.2.7) is the IPv4 address that it is.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace fairlead::protocols {

class IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  IpAddress() = default;                                     // ::, nobody's
  explicit IpAddress(const Bytes& bytes) : bytes_(bytes) {}  // in network order
  static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);

  // "192.0.2.7", "2001:db8::7"; no port, no brackets, no zone.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const;
  const Bytes& bytes() const { return bytes_; }
  std::string text() const;  // as RFC 5952 wants it

  // The address itself for IPv4, its /64 for IPv6: what one subscriber is given at least.
  IpAddress household() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Bytes bytes_{};
};

struct Peer {
  IpAddress address;
  std::uint16_t port = 0;  // 0: not known

  // "192.0.2.7:5123", "[2001:db8::7]:5123", or without the port.
  std::string text() const;
  // The same, and an IPv6 address without brackets when there is no port.
  static std::optional<Peer> parse(std::string_view text);

  bool operator==(const Peer&) const = default;
};

class IpNetwork {
 public:
  // "10.0.0.0/8", "2001:db8::/32"; an address alone is a network of one. Bits beyond the prefix are a mistake.
  static Result<IpNetwork> parse(std::string_view text);

  bool contains(const IpAddress& address) const;
  bool operator==(const IpNetwork&) const = default;

 private:
  IpAddress address_;
  unsigned bits_ = 128;  // of the 16 bytes: 96 more than was written for IPv4
};

}  // namespace fairlead::protocols

template <>
struct std::hash<fairlead::protocols::IpAddress> {
  std::size_t operator()(const fairlead::protocols::IpAddress& address) const noexcept {
    const auto& bytes = address.bytes();
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
};
