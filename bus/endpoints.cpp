#include "bus/endpoints.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "bus/check.hpp"
#include "bus/text.hpp"

namespace fairlead {
namespace {

constexpr std::array<std::string_view, bus_sockets> socket_names{"frontend", "deliveries", "backend",
                                                                 "outcomes", "tap",        "admin"};
constexpr std::size_t longest_unix_path = 107;  // sockaddr_un has room for 108 with the terminating zero
constexpr std::uint16_t highest_base_port = 65535 - (bus_sockets - 1);

std::string quoted(std::string_view typed) { return "'" + printable(typed) + "'"; }

Error bad(std::string_view typed, const std::string& why) { return Error{quoted(typed) + ": " + why}; }

struct Split {
  std::string_view scheme;
  std::string_view rest;
};

std::optional<Split> split_scheme(std::string_view typed) {
  const std::size_t colon = typed.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  return Split{typed.substr(0, colon), typed.substr(colon + 3)};
}

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view digits_and_dot = "0123456789.";
constexpr std::string_view ipv6_characters = "0123456789abcdefABCDEF:.";
constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

bool is_ipv4(std::string_view host) {
  for (int part = 0; part < 4; ++part) {
    unsigned value = 0;
    const auto [end, failure] = std::from_chars(host.data(), host.data() + host.size(), value);
    const auto length = static_cast<std::size_t>(end - host.data());
    if (failure != std::errc{} || value > 255 || length > 3) return false;
    host.remove_prefix(length);
    if (part == 3) return host.empty();
    if (host.empty() || host[0] != '.') return false;
    host.remove_prefix(1);
  }
  return false;
}

// Enough to tell an address from a slip; whether its groups add up is for the system to say.
bool looks_like_ipv6(std::string_view host) {
  const std::string_view address = host.substr(0, host.find('%'));  // fe80::1%eth0
  return all_of(address, ipv6_characters) && address.find(':') != std::string_view::npos;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty()) return Error{"the port is missing, as in host:7700"};
  if (failure != std::errc{} || end != text.data() + text.size()) {
    return Error{"the port " + quoted(text) + " is not a number from 0 to 65535"};
  }
  return port;
}

Result<HostPort> parse_host_port(std::string_view text) {
  std::string_view host;
  std::string_view port;
  if (!text.empty() && text[0] == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return Error{"the ']' after the IPv6 address is missing"};
    host = text.substr(1, close - 1);
    if (!looks_like_ipv6(host)) return Error{quoted(host) + " is not an IPv6 address"};
    const std::string_view after = text.substr(close + 1);
    if (!after.empty() && after[0] != ':') return Error{"after ']' comes :port"};
    port = after.empty() ? after : after.substr(1);
  } else {
    const std::size_t colon = text.rfind(':');
    host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (host.empty()) return Error{"the host is missing, as in 127.0.0.1:7700"};
    if (host.find(':') != std::string_view::npos) return Error{"an IPv6 address goes in brackets, as in [::1]:7700"};
    if (all_of(host, digits_and_dot) && !is_ipv4(host)) return Error{quoted(host) + " is not an IPv4 address"};
    if (host != "*" && !all_of(host, name_characters)) return Error{quoted(host) + " is not a host name"};
  }
  const auto number = parse_port(port);
  if (!number) return number.error();
  return HostPort{std::string(host), *number};
}

std::string join_host_port(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool is_everywhere(std::string_view host) { return host == "*" || host == "0.0.0.0" || host == "::"; }

// What a place to go to must not be.
std::optional<std::string> not_a_destination(std::string_view host, std::uint16_t port) {
  if (is_everywhere(host)) return "says where to listen, not where to connect to: name one host";
  if (port == 0) return "port 0 is for listening: name the port that was picked";
  return std::nullopt;
}

bool lower_case_equal(std::string_view typed, std::string_view lower) {
  if (typed.size() != lower.size()) return false;
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const char c = typed[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
  }
  return true;
}

// '%41' is 'A'; a '%' that introduces nothing is a slip.
Result<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return Error{"after % come two hex digits, and % itself is %25"};
    out += *byte;
    i += 2;
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_options(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const std::string_view option = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(option.size() + 1, text.size()));
    const std::size_t equals = option.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return Error{"the option " + quoted(option) + " is not name=value"};
    }
    auto value = unescaped(option.substr(equals + 1));
    if (!value) return Error{"the option " + quoted(option) + ": " + value.error().message};
    out.emplace_back(option.substr(0, equals), std::move(*value));
  }
  return out;
}

enum class Query { is_options, belongs_to_path };

Result<UserEndpoint> parse_user(std::string_view typed, Query query) {
  using Protocol = UserEndpoint::Protocol;
  static constexpr const char* forms = "write line://host:port, frame://host:port or ws://host:port/path";
  const auto split = split_scheme(typed);
  if (!split) return bad(typed, forms);
  const auto& [scheme, rest] = *split;
  for (const std::string_view secured : {"tls", "line+tls", "frame+tls", "ws+tls", "https"}) {
    if (lower_case_equal(scheme, secured)) return bad(typed, "with TLS, write lines, frames or wss");
  }
  UserEndpoint endpoint;
  endpoint.tls = scheme == "lines" || scheme == "frames" || scheme == "wss";
  if (scheme == "line" || scheme == "lines") {
    endpoint.protocol = Protocol::line;
  } else if (scheme == "frame" || scheme == "frames") {
    endpoint.protocol = Protocol::frame;
  } else if (scheme == "ws" || scheme == "wss") {
    endpoint.protocol = Protocol::ws;
  } else {
    return bad(typed, "no protocol " + quoted(scheme) + ": " + forms);
  }
  const std::size_t slash = rest.find_first_of("/?");
  auto place = parse_host_port(rest.substr(0, slash));
  if (!place) return bad(typed, place.error().message);
  endpoint.host = std::move(place->host);
  endpoint.port = place->port;
  std::string_view path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  if (const std::size_t mark = path.find('?'); query == Query::is_options && mark != std::string_view::npos) {
    auto options = parse_options(path.substr(mark + 1));
    if (!options) return bad(typed, options.error().message);
    endpoint.options = std::move(*options);
    path = path.substr(0, mark);
  }
  if (endpoint.protocol != Protocol::ws) {
    if (path.size() > 1) return bad(typed, "a path means something to ws only");
    return endpoint;
  }
  for (const char c : path) {
    if (c <= ' ' || c > '~' || c == '#') return bad(typed, "the path has a character that it cannot have");
  }
  if (path.empty() || path[0] != '/') endpoint.path = "/";
  endpoint.path += path;
  return endpoint;
}

}  // namespace

std::string_view text(BusSocket socket) { return socket_names[static_cast<std::size_t>(socket)]; }

Result<BusAddress> BusAddress::parse(std::string_view typed) {
  static constexpr const char* forms = "write tcp://host:port or ipc://dir/name";
  const auto split = split_scheme(typed);
  if (!split) return bad(typed, forms);
  const auto& [scheme, rest] = *split;
  BusAddress address;
  if (scheme == "ipc") {
    address.ipc_ = true;
    address.host_ = rest;
    if (rest.empty() || rest.back() == '/') return bad(typed, "the name is missing, as in ipc:///run/fairlead/bus");
    if (rest == "*") return bad(typed, "'*' is no name: others must find it");
    if (rest.find('\0') != std::string_view::npos) return bad(typed, "a path has no zero bytes");
    if (rest.size() + std::string_view(".deliveries").size() > longest_unix_path) {
      return bad(typed, "the path is too long: with .deliveries it may have 107 bytes");
    }
    return address;
  }
  if (scheme != "tcp") return bad(typed, "the bus runs over tcp or ipc: " + std::string(forms));
  if (rest.find('/') != std::string_view::npos) return bad(typed, "nothing follows the port");
  auto place = parse_host_port(rest);
  if (!place) return bad(typed, place.error().message);
  if (place->port > highest_base_port) {
    return bad(typed, "six ports are needed, this one and five above: at most " + std::to_string(highest_base_port));
  }
  address.host_ = std::move(place->host);
  address.port_ = place->port;
  return address;
}

Result<BusAddress> BusAddress::for_listen(std::string_view typed) {
  auto address = parse(typed);
  if (address && !address->ipc_ && address->host_ == "localhost") address->host_ = "127.0.0.1";
  return address;
}

Result<BusAddress> BusAddress::for_connect(std::string_view typed) {
  auto address = parse(typed);
  if (!address || address->ipc_) return address;
  if (const auto why = not_a_destination(address->host_, address->port_)) return bad(typed, *why);
  return address;
}

std::string BusAddress::endpoint(BusSocket socket) const {
  const auto index = static_cast<std::uint16_t>(socket);
  if (ipc_) return "ipc://" + host_ + "." + std::string(fairlead::text(socket));
  FAIRLEAD_CHECK(index == 0 || !any_port(), "no port was picked yet");
  return "tcp://" + join_host_port(host_, static_cast<std::uint16_t>(port_ + index));
}

Result<BusAddress> BusAddress::with_port(std::uint16_t port) const {
  FAIRLEAD_CHECK(!ipc_ && port != 0, "with_port is for tcp");
  if (port > highest_base_port) return Error{"port " + std::to_string(port) + " has no five ports above it"};
  BusAddress address = *this;
  address.port_ = port;
  return address;
}

std::string BusAddress::text() const { return ipc_ ? "ipc://" + host_ : "tcp://" + join_host_port(host_, port_); }

std::uint16_t port_of(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return 0;
  const auto port = parse_port(endpoint.substr(colon + 1));
  return port ? *port : std::uint16_t{0};
}

Result<ListenAddress> ListenAddress::parse(std::string_view typed) {
  auto parsed = parse_host_port(typed);
  if (!parsed) return bad(typed, parsed.error().message);
  return ListenAddress{.host = std::move(parsed->host), .port = parsed->port};
}

std::string ListenAddress::text() const { return join_host_port(host, port); }

Result<UserEndpoint> UserEndpoint::for_listen(std::string_view typed) { return parse_user(typed, Query::is_options); }

Result<UserEndpoint> UserEndpoint::for_connect(std::string_view typed) {
  auto endpoint = parse_user(typed, Query::belongs_to_path);
  if (!endpoint) return endpoint;
  if (endpoint->tls) return bad(typed, "our client does not speak TLS: use line, frame or ws");
  if (const auto why = not_a_destination(endpoint->host, endpoint->port)) return bad(typed, *why);
  return endpoint;
}

std::string_view text(UserEndpoint::Protocol protocol) {
  switch (protocol) {
    case UserEndpoint::Protocol::line:
      return "line";
    case UserEndpoint::Protocol::frame:
      return "frame";
    case UserEndpoint::Protocol::ws:
      return "ws";
  }
  return "?";
}

std::string UserEndpoint::host_port() const { return join_host_port(host, port); }

std::string UserEndpoint::text() const {
  return std::string(fairlead::text(protocol)) + (tls ? "s://" : "://") + host_port() + path;
}

}  // namespace fairlead
