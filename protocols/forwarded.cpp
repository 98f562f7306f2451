#include "protocols/forwarded.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::protocols {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Quotes do not count: no proxy writes a separator into an address, and a quote that a user has left open must not
// swallow what proxies have added behind it.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t end = text.find(separator);
    out.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

// for=192.0.2.7;proto=https;by=… → 192.0.2.7. An element that says it twice says nothing.
std::string_view for_of(std::string_view element) {
  std::string_view found;
  for (const std::string_view pair : split(element, ';')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || lower(trimmed(pair.substr(0, equals))) != "for") continue;
    if (!found.empty()) return {};
    found = trimmed(pair.substr(equals + 1));
  }
  if (found.size() >= 2 && found.starts_with('"') && found.ends_with('"')) found = found.substr(1, found.size() - 2);
  return found;
}

}  // namespace

std::string_view header_name(ForwardedBy header) {
  switch (header) {
    case ForwardedBy::nothing:
      return {};
    case ForwardedBy::x_forwarded_for:
      return "x-forwarded-for";
    case ForwardedBy::forwarded:
      return "forwarded";
  }
  return {};
}

std::optional<Peer> forwarded_for(ForwardedBy header, std::string_view value,
                                  const std::function<bool(const IpAddress&)>& trusted) {
  std::optional<Peer> nearest;
  if (header == ForwardedBy::nothing) return nearest;
  const auto hops = split(value, ',');
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto peer = Peer::parse(header == ForwardedBy::forwarded ? for_of(*hop) : *hop);
    if (!peer) return nearest;
    nearest = peer;
    if (!trusted(peer->address)) return nearest;
  }
  return nearest;
}

}  // namespace fairlead::protocols
