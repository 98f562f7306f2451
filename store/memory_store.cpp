#include "store/memory_store.hpp"

#include "store/entry.hpp"

namespace fairlead::store {

std::size_t MemoryStore::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

Result<std::optional<std::string>> MemoryStore::do_get(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find(key, clock_());
  return entry == nullptr ? std::nullopt : std::optional(entry->value);
}

Status MemoryStore::do_set(std::string_view key, std::string_view value, Ttl ttl) {
  const std::lock_guard lock(mutex_);
  const WallTime now = clock_();
  put(key, value, expiry_of(now, ttl));
  sweep(now);
  return Nothing{};
}

Result<bool> MemoryStore::do_add(std::string_view key, std::string_view value, Ttl ttl) {
  const std::lock_guard lock(mutex_);
  const WallTime now = clock_();
  if (find(key, now) != nullptr) return false;
  put(key, value, expiry_of(now, ttl));
  sweep(now);
  return true;
}

Result<bool> MemoryStore::do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) {
  const std::lock_guard lock(mutex_);
  const WallTime now = clock_();
  Entry* const entry = find(key, now);
  if (entry == nullptr || entry->value != expected) return false;
  *entry = {.value = std::string(value), .expiry = expiry_of(now, ttl)};
  return true;
}

Result<std::int64_t> MemoryStore::do_incr(std::string_view key, std::int64_t by) {
  const std::lock_guard lock(mutex_);
  const WallTime now = clock_();
  const Entry* const entry = find(key, now);
  auto total = sum(key, entry == nullptr ? "0" : entry->value, by);
  if (!total) return total;
  put(key, std::to_string(*total), entry == nullptr ? 0 : entry->expiry);
  sweep(now);
  return total;
}

Result<bool> MemoryStore::do_erase(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const bool there = find(key, clock_()) != nullptr;
  if (const auto entry = entries_.find(key); entry != entries_.end()) entries_.erase(entry);
  return there;
}

MemoryStore::Entry* MemoryStore::find(std::string_view key, WallTime now) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || is_over(entry->second.expiry, now)) return nullptr;
  return &entry->second;
}

void MemoryStore::put(std::string_view key, std::string_view value, std::uint64_t expiry) {
  entries_.insert_or_assign(std::string(key), Entry{.value = std::string(value), .expiry = expiry});
}

// Every write looks at the next two entries as well, so that what nobody asks for again does not stay for ever.
void MemoryStore::sweep(WallTime now) {
  for (int i = 0; i < 2; ++i) {
    auto next = entries_.upper_bound(swept_to_);
    if (next == entries_.end()) {
      swept_to_.clear();
      return;
    }
    swept_to_ = next->first;
    if (is_over(next->second.expiry, now)) entries_.erase(next);
  }
}

}  // namespace fairlead::store
