// What an address of a store on a server says, as in
//
//   redis://[[user]:password@]host[:port][/number][?prefix=…&timeout=…]     rediss://… the same through TLS, with &ca=FILE
//   redis+unix://[[user]:password@]/path[?db=…&prefix=…&timeout=…]
//   memcached://host[:port][,host[:port]…][?prefix=…&timeout=…]             memcached+unix:///path[?…]
//
// User, password, path and prefix may be %-encoded; an IPv6 address stands in brackets. No Error shows a password, nor a
// part of an address that could be one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead::store {

struct Place {
  std::string host;  // a name, or an address without brackets; empty: `path` is meant
  std::uint16_t port = 0;
  std::string path;  // of a Unix socket

  std::string text() const;  // for people
};

struct ServerAddress {
  static constexpr std::size_t longest_prefix = 100;
  static constexpr std::size_t most_places = 64;

  std::vector<Place> places;  // one; with memcached any number
  std::string user;
  std::string password;
  unsigned database = 0;
  std::string prefix;  // put before each key; of the characters that a key may have
  Duration timeout = 2s;
  bool tls = false;
  std::string ca;  // a file with the certificates to trust; empty: those of the system
};

Result<ServerAddress> parse_redis(std::string_view address);
Result<ServerAddress> parse_memcached(std::string_view address);

}  // namespace fairlead::store
