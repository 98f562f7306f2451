// The layout of one RFC 6455 frame: header, mask, payload.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bus/random.hpp"
#include "protocols/message.hpp"

namespace fairlead::protocols::ws {

inline constexpr std::size_t max_header = 14;
inline constexpr std::size_t max_control = 125;

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

// The four key bytes in the order they stand on the wire, at the place in the payload that comes next.
using Mask = std::array<char, 4>;

// XORs the bytes with the mask, and turns the mask to where the following bytes go on.
void apply_mask(std::span<char> bytes, Mask& mask);

Mask random_mask(Random& random);

// How a message goes out: a text that is not UTF-8 would make the peer hang up, so it goes as binary.
Opcode opcode_of(Message message);

// Appends one whole frame.
void append_frame(Opcode opcode, std::string_view payload, std::optional<Mask> mask, std::string& out);

// The payload of a close frame: the code and as much of the text as fits, cut between characters; nothing for 1005.
std::string close_payload(const CloseReason& reason);

}  // namespace fairlead::protocols::ws
