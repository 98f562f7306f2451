// MemoryStore is a Store inside one process: for unit tests of business code, and for `--store memory:`, where a second
// worker process would not see what the first one wrote. It ends with its process.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "fairlead/store.hpp"

namespace fairlead::store {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(WallClock clock) : clock_(std::move(clock)) {}

  // How many entries take room, those whose time is over and that nobody has swept yet included.
  std::size_t entries() const;

 private:
  struct Entry {
    std::string value;
    std::uint64_t expiry = 0;
  };

  Result<std::optional<std::string>> do_get(std::string_view key) override;
  Status do_set(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_add(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) override;
  Result<std::int64_t> do_incr(std::string_view key, std::int64_t by) override;
  Result<bool> do_erase(std::string_view key) override;

  Entry* find(std::string_view key, WallTime now);
  void put(std::string_view key, std::string_view value, std::uint64_t expiry);
  void sweep(WallTime now);

  mutable std::mutex mutex_;
  WallClock clock_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::string swept_to_;
};

}  // namespace fairlead::store
