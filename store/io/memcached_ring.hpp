// Which of several memcached servers keeps a key, and what the key is called there. It is libmemcached that decides, with
// its "ketama" distribution, so that other clients of the same servers agree and a server more moves few keys.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/address.hpp"

struct memcached_st;

namespace fairlead::store {

class MemcachedRing {
 public:
  static Result<MemcachedRing> of(const std::vector<Place>& places);

  std::size_t place_of(std::string_view name) const;  // its place in the list

 private:
  explicit MemcachedRing(std::shared_ptr<memcached_st> ring, std::size_t places)
      : ring_(std::move(ring)), places_(places) {}

  std::shared_ptr<memcached_st> ring_;
  std::size_t places_;
};

// Prefix and key. A name that would be longer than a server takes is replaced by its SHA-256 behind the prefix and a byte
// that no key can have, so that it meets no other name.
std::string memcached_name(std::string_view prefix, std::string_view key);

}  // namespace fairlead::store
