#include "store/entry.hpp"

#include <charconv>

#include "bus/text.hpp"

namespace fairlead::store {

std::uint64_t expiry_of(WallTime now, Store::Ttl ttl) {
  if (ttl == Store::forever) return 0;
  return static_cast<std::uint64_t>((now + ttl).time_since_epoch().count());
}

bool is_over(std::uint64_t expiry, WallTime now) {
  return expiry != 0 && expiry <= static_cast<std::uint64_t>(now.time_since_epoch().count());
}

Result<std::int64_t> sum(std::string_view key, std::string_view text, std::int64_t by) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || stop != end) {
    return Error{"'" + std::string(key) + "' holds '" + printable(text, 40) + "', which is no number to add to"};
  }
  std::int64_t total = 0;
  if (__builtin_add_overflow(number, by, &total)) {
    return Error{"'" + std::string(key) + "' holds " + std::to_string(number) + "; adding " + std::to_string(by) +
                 " would leave 64 bits"};
  }
  return total;
}

}  // namespace fairlead::store
