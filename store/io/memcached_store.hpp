// MemcachedStore is a Store on one or several memcached servers, shared by all workers that name the same ones in the same
// order. It keeps the whole contract, with memcached's limits: what it keeps ends with the server, and before that when
// memory runs out (so a counter may begin again); a ttl is rounded up to whole seconds; an entry that would end after
// January 2038 has no end; a server takes values of more than about 1,000,000 bytes only when it was started with
// `-I 2m`, and when it refuses one it drops the value before. `cas` and `incr` read, compare and write with memcached's own
// version numbers: two round trips, and more when others write the same key at the same time.
//
// No other server takes over the keys of one that is away: two servers would keep two values for one counter.
#pragma once

#include <vector>

#include "fairlead/store.hpp"

#include "store/address.hpp"
#include "store/io/memcached_ring.hpp"
#include "store/io/server.hpp"
#include "store/memcached_text.hpp"

namespace fairlead::store {

class MemcachedStore final : public Store {
 public:
  // Opens whether there is a server or not.
  static Result<std::shared_ptr<MemcachedStore>> open(const ServerAddress& address, WallClock clock);

 private:
  MemcachedStore(const ServerAddress& address, MemcachedRing ring, WallClock clock);

  Result<std::optional<std::string>> do_get(std::string_view key) override;
  Status do_set(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_add(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) override;
  Result<std::int64_t> do_incr(std::string_view key, std::int64_t by) override;
  Result<bool> do_erase(std::string_view key) override;

  // What one call says to the server that keeps its key.
  class Talk;
  Status talk(std::string_view key, const std::function<Status(Talk&)>& body);

  const std::string prefix_;
  const MemcachedRing ring_;
  const WallClock clock_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace fairlead::store
