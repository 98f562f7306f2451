// Fields that several records share, for the codec's own files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schemas/cursor.hpp"
#include "schemas/effect.hpp"
#include "schemas/limits.hpp"
#include "schemas/writer.hpp"

namespace fairlead::schemas {

inline std::string take_string(Cursor& c, std::size_t limit) { return std::string(c.bytes(limit)); }

inline std::uint16_t take_u16(Cursor& c) {
  const std::uint64_t number = c.number();
  if (number > 0xffff) c.fail();
  return static_cast<std::uint16_t>(number);
}

inline std::optional<std::string> take_optional(Cursor& c, std::size_t limit) {
  if (c.nil()) return std::nullopt;
  return take_string(c, limit);
}

inline std::optional<std::uint64_t> take_optional_number(Cursor& c) {
  if (c.nil()) return std::nullopt;
  return c.number();
}

template <class T, class Take>
std::vector<T> take_list(Cursor& c, std::size_t limit, Take take) {
  std::uint32_t count = c.array();
  if (count > limit) c.fail();
  std::vector<T> list;
  if (c.ok()) list.reserve(count < 16 ? count : 16);  // the rest grows as elements prove to be there
  for (; count > 0 && c.ok(); --count) list.push_back(take(c));
  return list;
}

inline std::vector<ClientId> take_clients(Cursor& c) {
  return take_list<ClientId>(c, max_targets, [](Cursor& at) { return at.client(); });
}

inline std::vector<std::string> take_names(Cursor& c, std::size_t limit) {
  return take_list<std::string>(c, limit, [](Cursor& at) { return take_string(at, max_name); });
}

inline Writer& put_optional(Writer& w, const std::optional<std::string>& value) {
  return value ? w.bytes(*value) : w.nil();
}

inline Writer& put_optional(Writer& w, const std::optional<std::uint64_t>& value) {
  return value ? w.number(*value) : w.nil();
}

inline Writer& put_names(Writer& w, const std::vector<std::string>& names) {
  w.array(names.size());
  for (const auto& name : names) w.bytes(name);
  return w;
}

inline Writer& put_clients(Writer& w, const std::vector<ClientId>& clients) {
  w.array(clients.size());
  for (const auto& client : clients) w.client(client);
  return w;
}

// [scope, targets, except, payload, binary]; targets are client ids, uids or group names as the scope says.
inline void put_send(Writer& w, const Send& send) {
  w.array(5).number(static_cast<std::uint64_t>(send.scope));
  send.scope == Scope::clients ? put_clients(w, send.clients) : put_names(w, send.names);
  put_clients(w, send.except).bytes(send.payload).boolean(send.binary);
}

// Passes over what a newer peer put behind the elements we know; fewer than those is an error.
inline void finish(Cursor& c, std::uint32_t elements, std::uint32_t known) {
  if (elements < known) return c.fail();
  c.skip(elements - known);
}

inline Send take_send(Cursor& c) {
  const std::uint32_t elements = c.array();
  Send send;
  const std::uint64_t scope = c.number();
  if (scope > static_cast<std::uint64_t>(Scope::all)) c.fail();
  send.scope = static_cast<Scope>(scope);
  if (send.scope == Scope::clients) {
    send.clients = take_clients(c);
  } else {
    send.names = take_names(c, max_targets);
  }
  send.except = take_clients(c);
  send.payload = take_string(c, max_payload);
  send.binary = c.boolean();
  finish(c, elements, 5);
  return send;
}

}  // namespace fairlead::schemas
