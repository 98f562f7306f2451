#include "fairlead/store.hpp"

#include <algorithm>

#include "bus/text.hpp"

namespace fairlead {
namespace {

Status judge_key(std::string_view key) {
  if (key.empty()) return Error{"a store key is empty"};
  if (key.size() > Store::max_key) {
    return Error{"a store key has " + std::to_string(key.size()) + " bytes; at most " + std::to_string(Store::max_key) +
                 " are allowed: " + printable(key, 40)};
  }
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!plain) {
    return Error{"a store key may hold only printable ASCII without spaces (escape anything else): '" + printable(key) +
                 "'"};
  }
  return Nothing{};
}

Status judge(std::string_view key, std::string_view value, Store::Ttl ttl) {
  if (auto good = judge_key(key); !good) return good;
  if (value.size() > Store::max_value) {
    return Error{"the value for '" + std::string(key) + "' has " + std::to_string(value.size()) +
                 " bytes; a store takes at most " + std::to_string(Store::max_value)};
  }
  // A century keeps every sum of clock and ttl far from its end.
  if (ttl < Store::forever || ttl > std::chrono::hours(24 * 36525)) {
    return Error{"the ttl for '" + std::string(key) + "' must be between 0 (for ever) and a hundred years"};
  }
  return Nothing{};
}

}  // namespace

Result<std::optional<std::string>> Store::get(std::string_view key) {
  ++tally_.calls;
  if (auto good = judge_key(key); !good) return good.error();
  return do_get(key);
}

Status Store::set(std::string_view key, std::string_view value, Ttl ttl) {
  ++tally_.calls;
  if (auto good = judge(key, value, ttl); !good) return good;
  return do_set(key, value, ttl);
}

Result<bool> Store::add(std::string_view key, std::string_view value, Ttl ttl) {
  ++tally_.calls;
  if (auto good = judge(key, value, ttl); !good) return good.error();
  return do_add(key, value, ttl);
}

Result<bool> Store::cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) {
  ++tally_.calls;
  if (auto good = judge(key, value, ttl); !good) return good.error();
  return do_cas(key, expected, value, ttl);
}

Result<std::int64_t> Store::incr(std::string_view key, std::int64_t by) {
  ++tally_.calls;
  if (auto good = judge_key(key); !good) return good.error();
  return do_incr(key, by);
}

Result<bool> Store::erase(std::string_view key) {
  ++tally_.calls;
  if (auto good = judge_key(key); !good) return good.error();
  return do_erase(key);
}

StoreCounters Store::counters() const {
  return {.calls = tally_.calls, .failures = tally_.failures, .reconnects = tally_.reconnects};
}

}  // namespace fairlead
