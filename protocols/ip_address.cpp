#include "protocols/ip_address.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <system_error>

#include "bus/text.hpp"

namespace fairlead::protocols {
namespace {

constexpr std::size_t groups = 8;
constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// All of `text` as a number of at most `most_digits` digits; "01" is refused where it could be taken for octal.
template <class Number>
std::optional<Number> number(std::string_view text, int base, std::size_t most_digits) {
  Number value = 0;
  if (text.empty() || text.size() > most_digits) return std::nullopt;
  if (base == 10 && text.size() > 1 && text[0] == '0') return std::nullopt;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> out{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto value = number<std::uint8_t>(text.substr(0, dot), 10, 3);
    if (!value) return std::nullopt;
    out.at(i) = *value;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return out;
}

struct Groups {
  std::array<std::uint16_t, groups> values{};
  std::size_t count = 0;
};

// "2001:db8:1" or "ffff:192.0.2.7"; empty is no group at all.
std::optional<Groups> parse_groups(std::string_view text, bool may_end_in_v4) {
  Groups out;
  if (text.empty()) return out;
  while (true) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == text.size();
    if (last && may_end_in_v4 && group.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(group);
      if (!v4 || out.count + 2 > groups) return std::nullopt;
      for (std::size_t i = 0; i < 4; i += 2)
        out.values.at(out.count++) = static_cast<std::uint16_t>((*v4).at(i) << 8U | (*v4).at(i + 1));
      return out;
    }
    const auto value = number<std::uint16_t>(group, 16, 4);
    if (!value || out.count == groups) return std::nullopt;
    out.values.at(out.count++) = *value;
    if (last) return out;
    text.remove_prefix(colon + 1);
  }
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  std::optional<Groups> head;
  std::optional<Groups> tail = Groups{};
  if (gap == std::string_view::npos) {
    head = parse_groups(text, true);
    if (!head || head->count != groups) return std::nullopt;
  } else {
    head = parse_groups(text.substr(0, gap), false);
    tail = parse_groups(text.substr(gap + 2), true);
    if (!head || !tail || head->count + tail->count >= groups) return std::nullopt;
  }
  std::array<std::uint16_t, groups> all{};
  std::copy_n(head->values.begin(), head->count, all.begin());
  std::copy_n(tail->values.begin(), tail->count, all.end() - static_cast<std::ptrdiff_t>(tail->count));
  IpAddress::Bytes bytes{};
  for (std::size_t i = 0; i < groups; ++i) {
    bytes.at(2 * i) = static_cast<std::uint8_t>(all.at(i) >> 8U);
    bytes.at(2 * i + 1) = static_cast<std::uint8_t>(all.at(i) & 0xffU);
  }
  return IpAddress(bytes);
}

std::string v6_text(const IpAddress::Bytes& bytes) {
  std::array<unsigned, groups> values{};
  for (std::size_t i = 0; i < groups; ++i)
    values.at(i) = static_cast<unsigned>(bytes.at(2 * i) << 8U) | bytes.at(2 * i + 1);
  // The longest row of two or more zero groups, the first of equals, is written as "::".
  std::size_t gap = groups;
  std::size_t gap_size = 1;
  for (std::size_t begin = 0; begin < groups; ++begin) {
    std::size_t end = begin;
    while (end < groups && values.at(end) == 0) ++end;
    if (end - begin > gap_size) gap = begin, gap_size = end - begin;
  }
  std::string out;
  for (std::size_t i = 0; i < groups; ++i) {
    if (i == gap) {
      out += "::";
      i += gap_size - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    std::array<char, 4> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), values.at(i), 16);
    out.append(digits.data(), written.ptr);
  }
  return out;
}

}  // namespace

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  Bytes bytes{};
  std::ranges::copy(v4_prefix, bytes.begin());
  bytes[12] = a, bytes[13] = b, bytes[14] = c, bytes[15] = d;
  return IpAddress(bytes);
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  const auto bytes = parse_v4(text);
  if (!bytes) return std::nullopt;
  return v4((*bytes)[0], (*bytes)[1], (*bytes)[2], (*bytes)[3]);
}

bool IpAddress::is_v4() const { return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes_.begin()); }

std::string IpAddress::text() const {
  if (!is_v4()) return v6_text(bytes_);
  std::string out;
  for (std::size_t i = 12; i < 16; ++i) {
    if (!out.empty()) out += '.';
    out += std::to_string(bytes_.at(i));
  }
  return out;
}

IpAddress IpAddress::household() const {
  if (is_v4()) return *this;
  Bytes bytes = bytes_;
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return IpAddress(bytes);
}

std::string Peer::text() const {
  std::string out = address.is_v4() ? address.text() : "[" + address.text() + "]";
  return port == 0 ? out : out + ":" + std::to_string(port);
}

std::optional<Peer> Peer::parse(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
    port = text.substr(close + 1);
  } else if (std::ranges::count(text, ':') == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
  }
  const auto address = IpAddress::parse(host);
  if (!address) return std::nullopt;
  if (port.empty()) return Peer{.address = *address};
  if (port[0] != ':') return std::nullopt;
  const auto value = number<std::uint16_t>(port.substr(1), 10, 5);
  if (!value) return std::nullopt;
  return Peer{.address = *address, .port = *value};
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address)
    return Error{"'" + printable(text) + "' is not an address or network, as in 10.0.0.0/8 or 2001:db8::/32"};
  const unsigned most = address->is_v4() && text.substr(0, slash).find(':') == std::string_view::npos ? 32 : 128;
  IpNetwork out;
  out.address_ = *address;
  if (slash == std::string_view::npos) return out;
  const auto bits = number<unsigned>(text.substr(slash + 1), 10, 3);
  if (!bits || *bits > most) {
    return Error{"'" + printable(text) + "': the prefix is a number from 0 to " + std::to_string(most)};
  }
  out.bits_ = *bits + (128 - most);
  for (unsigned bit = out.bits_; bit < 128; ++bit) {
    if ((address->bytes().at(bit / 8) >> (7 - bit % 8) & 1U) == 0) continue;
    return Error{"'" + printable(text) + "' has bits beyond its prefix: write the network's first address"};
  }
  return out;
}

bool IpNetwork::contains(const IpAddress& address) const {
  const auto& mine = address_.bytes();
  const auto& theirs = address.bytes();
  const std::size_t whole = bits_ / 8;
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin())) return false;
  if (bits_ % 8 == 0) return true;
  return ((mine.at(whole) ^ theirs.at(whole)) >> (8 - bits_ % 8)) == 0;
}

}  // namespace fairlead::protocols
