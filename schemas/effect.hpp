// Effects: what a handler asked for. All effects of one event travel in its outcome and take effect in this order when
// the broker commits it, or not at all (docs/protocol.md, P3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bus/ids.hpp"

namespace fairlead::schemas {

enum class Scope : std::uint8_t { clients = 0, uids = 1, groups = 2, all = 3 };

// A message to users. Whoever is named twice, by two groups say, gets it once.
struct Send {
  Scope scope = Scope::clients;
  std::vector<ClientId> clients;   // for Scope::clients
  std::vector<std::string> names;  // uids or groups, for Scope::uids and Scope::groups
  std::vector<ClientId> except;
  std::string payload;
  bool binary = false;

  bool operator==(const Send&) const = default;
};

// Binds the client to a uid, replacing the one it had; without a uid, unbinds it.
struct Bind {
  ClientId client;
  std::optional<std::string> uid;

  bool operator==(const Bind&) const = default;
};

// With `watch`, the client gets an event of its own for this and for whatever ends its membership.
struct Join {
  ClientId client;
  std::string group;
  bool watch = false;

  bool operator==(const Join&) const = default;
};

struct Leave {
  ClientId client;
  std::string group;

  bool operator==(const Leave&) const = default;
};

// Every member leaves.
struct Ungroup {
  std::string group;

  bool operator==(const Ungroup&) const = default;
};

// Replaces a client's session. With `expected`, only if the session still has that version; otherwise the whole outcome
// does not count and its event is handled again, or, in a publication, this effect is passed over.
struct SetSession {
  ClientId client;
  std::optional<std::uint64_t> expected;
  std::string session;

  bool operator==(const SetSession&) const = default;
};

// Ends a connection: after its unsent bytes and `last`, or, with `now`, at once and without either.
struct CloseClient {
  ClientId client;
  bool now = false;
  std::optional<std::string> last;
  bool binary = false;

  bool operator==(const CloseClient&) const = default;
};

// The same to every client bound to the uid.
struct CloseUid {
  std::string uid;
  std::optional<std::string> last;
  bool binary = false;

  bool operator==(const CloseUid&) const = default;
};

// The client gets a timer event after so long, if it is still there. One of the same name is replaced; without `after`
// it is only taken away.
struct SetTimer {
  ClientId client;
  std::string name;
  std::optional<std::uint64_t> after;  // milliseconds
  std::string payload;

  bool operator==(const SetTimer&) const = default;
};

using Effect = std::variant<Send, Bind, Join, Leave, Ungroup, SetSession, CloseClient, SetTimer, CloseUid>;

}  // namespace fairlead::schemas
