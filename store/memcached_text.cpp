#include "store/memcached_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "bus/text.hpp"

namespace fairlead::store {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view entry_end = "\r\nEND\r\n";
constexpr std::size_t longest_line = 2048;
constexpr std::int64_t longest_relative = 60 * 60 * 24 * 30;  // a server takes anything above for a date
constexpr std::int64_t last_date = 0x7fffffff;
// Flags below are not dates: somebody else, who means something else by them, wrote the entry.
constexpr std::uint32_t first_date = 1'000'000'000;

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

template <class T>
bool read_number(std::string_view& rest, T& into) {
  if (!rest.starts_with(' ')) return false;
  rest.remove_prefix(1);
  const auto [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), into);
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  return failure == std::errc{};
}

Error no_memcached(std::string_view came) {
  return Error{"what came is not memcached's protocol: '" + printable(came, 40) + "'"};
}

bool is_known(std::string_view line) {
  static constexpr std::array<std::string_view, 8> whole{"STORED",  "NOT_STORED", "EXISTS", "NOT_FOUND",
                                                         "DELETED", "END",        "OK",     "ERROR"};
  for (const auto word : whole) {
    if (line == word) return true;
  }
  return line.starts_with("CLIENT_ERROR") || line.starts_with("SERVER_ERROR") || line.starts_with("VERSION ");
}

// What a server is told: seconds from now, or a date. It counts in whole seconds of its own and may be one ahead.
std::int64_t expiry(std::uint32_t ends, WallTime now) {
  if (ends == 0) return 0;
  const std::int64_t left = std::max<std::int64_t>(std::int64_t{ends} - seconds_of(now), 0) + 1;
  return left <= longest_relative ? left : std::int64_t{ends};
}

}  // namespace

Result<std::optional<MemcachedReply>> take_memcached_reply(std::string& came) {
  static constexpr std::optional<MemcachedReply> not_yet;
  const auto end = came.find(line_end);
  // Of a line that is not whole, the last byte may be half of its end: so the same is said in whatever pieces it comes.
  if (!came.empty() && (end == std::string::npos ? came.size() - 1 : end) > longest_line) return no_memcached(came);
  if (end == std::string::npos) return not_yet;
  const std::string_view line = std::string_view(came).substr(0, end);
  if (!line.starts_with("VALUE ")) {
    if (!is_known(line)) return no_memcached(line);
    MemcachedReply reply{.line = std::string(line), .entry = std::nullopt};
    came.erase(0, end + line_end.size());
    return std::optional(std::move(reply));
  }

  std::string_view rest = line.substr(6);
  rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  MemcachedEntry entry;
  std::size_t size = 0;
  if (!read_number(rest, entry.ends) || !read_number(rest, size) || !read_number(rest, entry.version) ||
      !rest.empty()) {
    return no_memcached(line);
  }
  if (size > Store::max_value)
    return Error{"it holds " + std::to_string(size) + " bytes there, more than a value may have"};
  const std::size_t begin = end + line_end.size();
  if (came.size() < begin + size + entry_end.size()) return not_yet;
  if (std::string_view(came).substr(begin + size, entry_end.size()) != entry_end) return no_memcached(line);
  entry.value = came.substr(begin, size);
  came.erase(0, begin + size + entry_end.size());
  if (entry.ends < first_date) entry.ends = 0;
  return std::optional(MemcachedReply{.line = {}, .entry = std::move(entry)});
}

std::string memcached_get(std::string_view name) { return "gets " + std::string(name) + "\r\n"; }

std::string memcached_erase(std::string_view name) { return "delete " + std::string(name) + "\r\n"; }

std::string memcached_write(std::string_view verb, std::string_view name, std::string_view value, std::uint32_t ends,
                            WallTime now, std::optional<std::uint64_t> version) {
  std::string out;
  out.reserve(name.size() + value.size() + 80);
  out.append(verb).append(" ").append(name);
  out.append(" ").append(std::to_string(ends));
  out.append(" ").append(std::to_string(expiry(ends, now)));
  out.append(" ").append(std::to_string(value.size()));
  if (version) out.append(" ").append(std::to_string(*version));
  return out.append(line_end).append(value).append(line_end);
}

std::uint32_t memcached_end(WallTime now, Store::Ttl ttl) {
  if (ttl == Store::forever) return 0;
  const std::int64_t ends = seconds_of(now + ttl + std::chrono::milliseconds(999));
  return ends > last_date ? 0 : static_cast<std::uint32_t>(ends);
}

bool memcached_is_over(std::uint32_t ends, WallTime now) { return ends != 0 && seconds_of(now) >= std::int64_t{ends}; }

}  // namespace fairlead::store
