// The names things have on the bus. Each kind is a type of its own, so that a link can never be taken for a lineage.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace fairlead {

template <class Tag>
struct Number64 {
  std::uint64_t value = 0;

  explicit operator bool() const { return value != 0; }
  auto operator<=>(const Number64&) const = default;
};

// Drawn at random when a process starts: tells a restart from a reconnect. 0 is nobody's.
using Incarnation = Number64<struct IncarnationTag>;
// Drawn at random when a broker's journal is created: survives restarts, changes only when the journal is lost.
using Lineage = Number64<struct LineageTag>;
// Drawn at random by the connecting side for each connection; frames of any other link are stale.
using LinkId = Number64<struct LinkTag>;
// Numbers the units that one broker process hands out.
using UnitId = Number64<struct UnitTag>;

// One user connection. Opaque to applications and never reused: the gateway's incarnation is random.
struct ClientId {
  std::uint16_t shard = 0;    // the home broker's
  Incarnation gateway;        // who holds the connection
  std::uint64_t counter = 0;  // 48 bits, counted by that gateway from 1

  static constexpr std::size_t bytes = 16;
  static constexpr std::uint64_t max_counter = (std::uint64_t{1} << 48U) - 1;

  // 16 bytes, big-endian: shard (2), incarnation (8), counter (6).
  std::string encode() const;
  void encode_to(char* sixteen_bytes) const;
  static Result<ClientId> decode(std::string_view sixteen_bytes);

  // 32 lower-case hex digits, what people and logs see.
  std::string text() const;
  static Result<ClientId> parse(std::string_view hex);

  auto operator<=>(const ClientId&) const = default;
};

std::string text(Incarnation incarnation);  // 16 lower-case hex digits

}  // namespace fairlead

template <class Tag>
struct std::hash<fairlead::Number64<Tag>> {
  std::size_t operator()(fairlead::Number64<Tag> n) const noexcept { return n.value * 0x9e3779b97f4a7c15U; }
};
template <>
struct std::hash<fairlead::ClientId> {
  std::size_t operator()(const fairlead::ClientId& id) const noexcept {
    std::uint64_t mixed = (id.gateway.value ^ id.counter ^ (std::uint64_t{id.shard} << 48U)) * 0x9e3779b97f4a7c15U;
    return mixed ^ (mixed >> 32U);
  }
};
