#include "broker/admission.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bus/keys.hpp"
#include "bus/text.hpp"

namespace fairlead::broker {
namespace {

constexpr std::array roles{Role::gateway, Role::worker, Role::operators, Role::tap};

std::optional<Role> parse_role(std::string_view word) {
  for (const Role role : roles) {
    if (text(role) == word) return role;
  }
  return std::nullopt;
}

bool opens(Role role, BusSocket socket) {
  switch (socket) {
    case BusSocket::frontend:
    case BusSocket::deliveries:
      return role == Role::gateway;
    case BusSocket::backend:
    case BusSocket::outcomes:
      return role == Role::worker;
    case BusSocket::admin:
      return role == Role::operators;
    case BusSocket::tap:
      return role == Role::operators || role == Role::tap;
  }
  return false;
}

// Cuts the first word off.
std::string_view next_word(std::string_view& line) {
  constexpr std::string_view blanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const auto word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return word;
}

Result<Invited> parse_invited(std::string_view line) {
  const auto role_word = next_word(line);
  const auto role = parse_role(role_word);
  if (!role) return Error{"'" + printable(role_word) + "' is no role; there are gateway, worker, operator and tap"};
  const auto key = next_word(line);
  if (key.empty()) return Error{"a public key belongs behind the role"};
  if (auto good = check_key(key); !good) return good.error();
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  return Invited{.role = *role, .key = std::string(key), .name = std::string(line)};
}

}  // namespace

std::string_view text(Role role) {
  switch (role) {
    case Role::gateway:
      return "gateway";
    case Role::worker:
      return "worker";
    case Role::operators:
      return "operator";
    case Role::tap:
      return "tap";
  }
  return "";
}

Result<Admission> Admission::parse(std::string_view file) {
  Admission admission;
  for (std::size_t number = 1; !file.empty(); ++number) {
    const auto end = file.find('\n');
    std::string_view line = file.substr(0, end);
    file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty() || line.front() == '#') continue;
    auto peer = parse_invited(line);
    if (!peer) return Error{"line " + std::to_string(number) + ": " + peer.error().message};
    admission.invited_.push_back(std::move(*peer));
  }
  return admission;
}

bool Admission::admits(std::string_view key, BusSocket socket) const {
  return std::any_of(invited_.begin(), invited_.end(),
                     [&](const Invited& peer) { return peer.key == key && opens(peer.role, socket); });
}

std::string Admission::why_not(std::string_view key, BusSocket socket) const {
  std::string wanted;
  for (const Role role : roles) {
    if (opens(role, socket)) wanted += (wanted.empty() ? "" : " or ") + std::string(text(role));
  }
  const auto known =
      std::find_if(invited_.begin(), invited_.end(), [&](const Invited& peer) { return peer.key == key; });
  if (known == invited_.end()) return "its key is not among the peers; to let it in, add it there as " + wanted;
  return (known->name.empty() ? "its key" : "the key of " + known->name) + " is a " + std::string(text(known->role)) +
         "'s, and this socket is for a " + wanted;
}

bool Admission::admits_more_than(const Admission& other) const {
  constexpr std::array sockets{BusSocket::frontend, BusSocket::deliveries, BusSocket::backend,
                               BusSocket::outcomes, BusSocket::admin,      BusSocket::tap};
  return std::any_of(invited_.begin(), invited_.end(), [&](const Invited& peer) {
    return std::any_of(sockets.begin(), sockets.end(),
                       [&](BusSocket socket) { return opens(peer.role, socket) && !other.admits(peer.key, socket); });
  });
}

}  // namespace fairlead::broker
