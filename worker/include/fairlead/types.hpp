// What handlers are told and what they can say: the values in the signatures of Handler and Context.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/ids.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead {

using Fields = std::vector<std::pair<std::string, std::string>>;

// How a client came. `line` and `frame` users have neither path nor headers.
struct Handshake {
  std::string peer;      // "192.0.2.7:5123", "[2001:db8::7]:5123": the connection's far end, which no user can forge
  std::string gateway;   // the name of the gateway that holds the connection
  std::string listener;  // "ws://0.0.0.0:8080/ws"
  std::string path;      // "/ws"
  Fields query;          // in the order in which they came; a name may repeat
  Fields headers;        // names in lower case
  Fields cookies;

  // The first of that name.
  std::optional<std::string_view> query_value(std::string_view name) const { return first(query, name); }
  std::optional<std::string_view> header(std::string_view lower_case_name) const {
    return first(headers, lower_case_name);
  }
  std::optional<std::string_view> cookie(std::string_view name) const { return first(cookies, name); }

 private:
  static std::optional<std::string_view> first(const Fields& fields, std::string_view name) {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};

// Why a client went: a WebSocket close code, whatever protocol it spoke (1000 it left, 1001 its gateway is gone, …).
struct CloseReason {
  std::uint16_t code = 0;
  std::string text;
};

// A query's answer. It is not complete while a gateway that holds clients is away: there may be more than was found.
template <class T>
struct Answered {
  T value{};
  bool complete = true;
};

struct SessionInfo {
  ClientId client;
  std::optional<std::string> uid;
  std::uint64_t version = 0;
  std::string session;
};

// `binary` chooses the kind of a WebSocket message; the other protocols know no kinds.
struct SendOptions {
  std::vector<ClientId> except{};
  bool binary = false;
};

// With `watch`, the client's own handler hears of this membership: on_group when it begins (if it had not) and when it
// ends, but for the end of the client, which is on_close.
struct JoinOptions {
  bool watch = false;
};

struct GroupChange {
  std::string group;
  bool joined = false;     // or left
  std::uint64_t size = 0;  // of the group, when this was committed
};

struct SendToAllOptions {
  std::optional<std::vector<ClientId>> only{};  // nobody else; empty is nobody at all
  std::vector<ClientId> except{};
  bool binary = false;
};

}  // namespace fairlead
