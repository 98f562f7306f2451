// What an entry is worth: when it ends, and what its text counts to. Shared by the backends that keep entries
// themselves.
#pragma once

#include <cstdint>
#include <string_view>

#include "fairlead/store.hpp"

namespace fairlead::store {

// Milliseconds since 1970 at which an entry written at `now` ends; 0 for never.
std::uint64_t expiry_of(WallTime now, Store::Ttl ttl);
bool is_over(std::uint64_t expiry, WallTime now);

// `by` added to the decimal number `text`.
Result<std::int64_t> sum(std::string_view key, std::string_view text, std::int64_t by);

}  // namespace fairlead::store
