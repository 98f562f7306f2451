// memcached's text protocol, as far as a store speaks it: requests as bytes, and the reader of what comes back. Also what
// a store's keys and ttls are over there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fairlead/store.hpp"

namespace fairlead::store {

// An entry carries the second since 1970 at which it ends as its `flags`, because a server does not tell how long an entry
// still has to live, and a counter has to keep its ttl. 0 is never.
struct MemcachedEntry {
  std::string value;
  std::uint32_t ends = 0;
  std::uint64_t version = 0;  // changes with each write
};

// A line of an answer, or an entry.
struct MemcachedReply {
  std::string line;  // "STORED", "SERVER_ERROR …"; empty when there is an entry
  std::optional<MemcachedEntry> entry;
};

// Takes the first whole answer from the front of `came`: nothing when there is none yet, an Error when it is none at all.
Result<std::optional<MemcachedReply>> take_memcached_reply(std::string& came);

std::string memcached_get(std::string_view name);
std::string memcached_erase(std::string_view name);
// `verb`: set, add or cas; a cas says which version it replaces.
std::string memcached_write(std::string_view verb, std::string_view name, std::string_view value, std::uint32_t ends,
                            WallTime now, std::optional<std::uint64_t> version = std::nullopt);

// When an entry ends that is written now, rounded up to seconds. 0, which is never, beyond what a server can count to
// (January 2038).
std::uint32_t memcached_end(WallTime now, Store::Ttl ttl);
bool memcached_is_over(std::uint32_t ends, WallTime now);

}  // namespace fairlead::store
