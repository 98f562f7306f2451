#include "store/io/memcached_ring.hpp"

#include <array>

#include <libmemcached/memcached.h>
#include <openssl/evp.h>

#include "fairlead/store.hpp"

#include "bus/text.hpp"

namespace fairlead::store {

Result<MemcachedRing> MemcachedRing::of(const std::vector<Place>& places) {
  std::shared_ptr<memcached_st> ring(memcached_create(nullptr), memcached_free);
  if (!ring) return Error{"no memory for the list of servers"};
  bool good = memcached_behavior_set(ring.get(), MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1) == MEMCACHED_SUCCESS;
  // It only computes with them: nothing is connected here.
  for (const Place& place : places) {
    if (place.host.empty()) continue;
    good = good && memcached_server_add(ring.get(), place.host.c_str(), place.port) == MEMCACHED_SUCCESS;
  }
  if (!good)
    return Error{"libmemcached does not take the list of servers: " +
                 std::string(memcached_last_error_message(ring.get()))};
  return MemcachedRing(std::move(ring), places.size());
}

std::size_t MemcachedRing::place_of(std::string_view name) const {
  if (places_ == 1) return 0;
  return memcached_generate_hash(ring_.get(), name.data(), name.size()) % places_;
}

std::string memcached_name(std::string_view prefix, std::string_view key) {
  std::string name = std::string(prefix) + std::string(key);
  if (name.size() <= Store::max_key) return name;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const bool digested = EVP_Digest(name.data(), name.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1;
  FAIRLEAD_CHECK(digested, "no SHA-256");
  return std::string(prefix) + "\xff" + to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace fairlead::store
