#include "bus/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace fairlead {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// A number directly followed by one of `units`. `what` names the thing in the error.
template <std::size_t N>
Result<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units, const char* what) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (failure == std::errc{}) {
    for (const auto& [name, factor] : units) {
      if (unit != name) continue;
      if (number > std::numeric_limits<std::int64_t>::max() / factor) break;
      return number * factor;
    }
  }
  return Error{"'" + printable(text) + "' is not " + what};
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

Result<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Error{"an odd number of hex digits"};
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = nibble(hex[i]);
    const int low = nibble(hex[i + 1]);
    if (high < 0 || low < 0) return Error{"not hex digits: '" + printable(hex) + "'"};
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

Result<Duration> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 5> units{
      {{"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}}};
  auto nanoseconds = parse_with_unit(text, units, "a duration: write 250ms, 5s, 2m or 1h");
  if (!nanoseconds) return nanoseconds.error();
  return Duration{static_cast<std::int64_t>(*nanoseconds)};
}

std::string duration_text(Duration duration) {
  const std::int64_t ns = duration.count();
  if (ns % 1'000'000'000 == 0) return std::to_string(ns / 1'000'000'000) + "s";
  if (ns % 1'000'000 == 0) return std::to_string(ns / 1'000'000) + "ms";
  return std::to_string(ns / 1'000) + "us";
}

Result<std::uint64_t> parse_size(std::string_view text) {
  static constexpr std::uint64_t k = 1024;
  static constexpr std::array<Unit, 14> units{{{"", 1},
                                               {"B", 1},
                                               {"k", k},
                                               {"K", k},
                                               {"kB", k},
                                               {"KB", k},
                                               {"KiB", k},
                                               {"M", k * k},
                                               {"MB", k * k},
                                               {"MiB", k * k},
                                               {"m", k * k},
                                               {"G", k * k * k},
                                               {"GB", k * k * k},
                                               {"GiB", k * k * k}}};
  return parse_with_unit(text, units, "a size: write 65536, 64k, 16M or 2G");
}

std::string printable(std::string_view bytes, std::size_t limit) {
  std::string out;
  for (const char c : bytes) {
    if (out.size() >= limit) return out + "…";
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '\\' || c == '\'') {
      std::array<char, 5> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
      out += escaped.data();
    } else {
      out += c;
    }
  }
  return out;
}

std::string without_password(std::string_view address) {
  const auto scheme = address.find("://");
  if (scheme == std::string_view::npos) return std::string(address);
  const std::size_t begin = scheme + 3;
  if (const auto at = address.rfind('@'); at != std::string_view::npos && at >= begin) {
    const auto colon = address.substr(0, at).find(':', begin);
    const std::size_t keep = colon == std::string_view::npos ? begin : colon + 1;
    return std::string(address.substr(0, keep)) + "***" + std::string(address.substr(at));
  }
  // Without an @ only a port may follow the colon. Anything else is a password whose host was forgotten.
  const std::string_view places = address.substr(begin, address.find_first_of("/?", begin) - begin);
  const auto bracket = places.rfind(']');
  const auto colon = places.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == 0 || (colon != std::string_view::npos &&
                     places.find_first_not_of("0123456789*", colon + 1) < places.find(',', colon))) {
    return std::string(address.substr(0, begin + colon + 1)) + "***";
  }
  return std::string(address);
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || bytes.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      unsigned low = 0x80;
      unsigned high = 0xbf;
      if (k == 1 && lead == 0xe0) low = 0xa0;   // overlong
      if (k == 1 && lead == 0xed) high = 0x9f;  // surrogates
      if (k == 1 && lead == 0xf0) low = 0x90;   // overlong
      if (k == 1 && lead == 0xf4) high = 0x8f;  // past U+10FFFF
      if (next < low || next > high) return false;
    }
    i += more + 1;
  }
  return true;
}

}  // namespace fairlead
