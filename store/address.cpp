#include "store/address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "bus/text.hpp"

namespace fairlead::store {
namespace {

// What one kind of server may be told.
struct Dialect {
  std::string_view example;
  std::uint16_t port;
  bool many_places;
  bool login;
  bool databases;
};
constexpr Dialect redis{.example = "redis://:password@host:6379/0?prefix=chat:",
                        .port = 6379,
                        .many_places = false,
                        .login = true,
                        .databases = true};
constexpr Dialect memcached{.example = "memcached://host:11211?prefix=chat:",
                            .port = 11211,
                            .many_places = true,
                            .login = false,
                            .databases = false};

Error meant(const Dialect& dialect, const std::string& what) {
  return Error{what + "; an address looks like " + std::string(dialect.example)};
}

template <class T>
std::optional<T> number(std::string_view text, T most) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stop != end || value > most) return std::nullopt;
  return value;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

// Cuts `text` at the first `mark`: answers what stood before it and leaves what follows.
std::string_view cut(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const std::string_view head = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return head;
}

Status read_login(const Dialect& dialect, std::string_view login, ServerAddress& into) {
  if (!dialect.login) return meant(dialect, "a memcached server knows no users and no passwords");
  const auto colon = login.find(':');
  if (colon == std::string_view::npos) return meant(dialect, "what stands before the @ lacks a colon");
  auto user = decoded(login.substr(0, colon));
  auto password = decoded(login.substr(colon + 1));
  if (!user || !password) return meant(dialect, "a % in user or password has to be written %25");
  into.user = std::move(*user);
  into.password = std::move(*password);
  if (into.password.empty()) return meant(dialect, "the password before the @ is empty");
  return Nothing{};
}

Result<Place> read_place(const Dialect& dialect, std::string_view text) {
  Place place{.host = {}, .port = dialect.port, .path = {}};
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return meant(dialect, "the bracket of an IPv6 address is not closed");
    place.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return meant(dialect, "only a port may follow the bracket");
  } else {
    place.host = text.substr(0, text.find(':'));
    text.remove_prefix(place.host.size());
    if (text.find(':', 1) != std::string_view::npos)
      return meant(dialect, "an IPv6 address needs brackets, as in [::1]");
  }
  if (place.host.empty()) return meant(dialect, "the host is missing");
  const bool plain =
      std::ranges::all_of(place.host, [](char c) { return c > ' ' && c < 0x7f && c != '@' && c != '%'; });
  if (!plain) return meant(dialect, "the host is no name of a host");
  if (!text.empty()) {
    const auto port = number<std::uint16_t>(text.substr(1), 65535);
    if (!port || *port == 0) return meant(dialect, "the port after the host is not a number from 1 to 65535");
    place.port = *port;
  }
  return place;
}

Status read_database(const Dialect& dialect, std::string_view text, ServerAddress& into) {
  if (!dialect.databases) return meant(dialect, "a memcached server has no numbered databases");
  const auto database = number<unsigned>(text, 65535);
  if (!database) return meant(dialect, "the database after the / is not a number");
  into.database = *database;
  return Nothing{};
}

Status read_prefix(std::string_view value, ServerAddress& into) {
  auto prefix = decoded(value);
  if (!prefix) return Error{"a % in the prefix has to be written %25"};
  const bool plain = std::ranges::all_of(*prefix, [](char c) { return c > ' ' && c < 0x7f; });
  if (!plain || prefix->size() > ServerAddress::longest_prefix) {
    return Error{"the prefix may have at most " + std::to_string(ServerAddress::longest_prefix) +
                 " characters of printable ASCII without spaces"};
  }
  into.prefix = std::move(*prefix);
  return Nothing{};
}

Status read_setting(const Dialect& dialect, bool unix_socket, std::string_view setting, ServerAddress& into) {
  const std::string_view name = cut(setting, '=');
  if (name == "prefix") return read_prefix(setting, into);
  if (name == "timeout") {
    auto timeout = parse_duration(setting);
    if (!timeout || *timeout < 10ms || *timeout > 10s) return Error{"timeout= takes 10ms to 10s, as in timeout=500ms"};
    into.timeout = *timeout;
    return Nothing{};
  }
  if (name == "ca" && into.tls) {
    auto file = decoded(setting);
    if (!file || file->empty()) return Error{"ca= takes a file with certificates"};
    into.ca = std::move(*file);
    return Nothing{};
  }
  if (name == "ca") return Error{"ca= is for TLS: write rediss:// (with two s)"};
  if (name == "db" && unix_socket) return read_database(dialect, setting, into);
  std::string known = "prefix and timeout";
  if (dialect.databases) known = into.tls ? "prefix, timeout and ca" : unix_socket ? "prefix, timeout and db" : known;
  return Error{"the address has a setting that does not exist; there are " + known};
}

Result<ServerAddress> parse(const Dialect& dialect, std::string_view address) {
  ServerAddress out;
  const std::string_view scheme = address.substr(0, address.find(':'));
  const bool unix_socket = scheme.ends_with("+unix");
  out.tls = scheme == "rediss";
  address.remove_prefix(scheme.size());
  if (!address.starts_with("://")) return meant(dialect, "'" + std::string(scheme) + "' is to be followed by ://");
  address.remove_prefix(3);

  std::string_view settings = address;
  std::string_view rest = cut(settings, '?');
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (auto read = read_login(dialect, rest.substr(0, at), out); !read) return read.error();
    rest.remove_prefix(at + 1);
  }
  if (unix_socket) {
    auto path = decoded(rest);
    if (!path || !path->starts_with('/') || path->size() > 107) {
      return meant(dialect, "a socket needs its whole path, of at most 107 bytes, as in " + std::string(scheme) +
                                ":///run/server.sock");
    }
    out.places.push_back({.host = {}, .port = 0, .path = std::move(*path)});
  } else {
    std::string_view places = cut(rest, '/');
    do {
      auto place = read_place(dialect, cut(places, ','));
      if (!place) return place.error();
      out.places.push_back(std::move(*place));
    } while (!places.empty());
    if (out.places.size() > (dialect.many_places ? ServerAddress::most_places : 1)) {
      return meant(dialect, dialect.many_places ? "more than 64 servers" : "a redis store is one server");
    }
    if (!rest.empty()) {
      if (auto read = read_database(dialect, rest, out); !read) return read.error();
    }
  }
  while (!settings.empty()) {
    if (auto read = read_setting(dialect, unix_socket, cut(settings, '&'), out); !read) return read.error();
  }
  return out;
}

}  // namespace

std::string Place::text() const {
  if (host.empty()) return path;
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerAddress> parse_redis(std::string_view address) { return parse(redis, address); }
Result<ServerAddress> parse_memcached(std::string_view address) { return parse(memcached, address); }

}  // namespace fairlead::store
