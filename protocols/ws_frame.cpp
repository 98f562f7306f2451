#include "protocols/ws_frame.hpp"

#include <algorithm>
#include <cstring>

#include "bus/check.hpp"
#include "protocols/utf8.hpp"

namespace fairlead::protocols::ws {
namespace {

void append_big_endian(std::uint64_t value, int bytes, std::string& out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU);
  }
}

// The longest beginning of `text` within `limit` that does not end inside a character.
std::string_view whole_characters(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

}  // namespace

void apply_mask(std::span<char> bytes, Mask& mask) {
  std::uint64_t wide = 0;
  std::memcpy(&wide, mask.data(), 4);
  std::memcpy(reinterpret_cast<char*>(&wide) + 4, mask.data(), 4);
  std::size_t i = 0;
  for (; bytes.size() - i >= sizeof wide; i += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  for (std::size_t k = 0; i < bytes.size(); ++i, ++k) bytes[i] = static_cast<char>(bytes[i] ^ mask[k % 4]);
  std::rotate(mask.begin(), mask.begin() + static_cast<std::ptrdiff_t>(bytes.size() % 4), mask.end());
}

Mask random_mask(Random& random) {
  const std::uint64_t bits = random.next();
  Mask mask;
  std::memcpy(mask.data(), &bits, mask.size());
  return mask;
}

Opcode opcode_of(Message message) {
  if (message.binary) return Opcode::binary;
  Utf8Check check;
  return check.feed(message.payload) && check.is_whole() ? Opcode::text : Opcode::binary;
}

void append_frame(Opcode opcode, std::string_view payload, std::optional<Mask> mask, std::string& out) {
  FAIRLEAD_CHECK(!is_control(opcode) || payload.size() <= max_control, "a control frame with more than 125 bytes");
  const unsigned mask_bit = mask ? 0x80U : 0U;
  out += static_cast<char>(0x80U | static_cast<unsigned>(opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() <= 0xffff) {
    out += static_cast<char>(mask_bit | 126U);
    append_big_endian(payload.size(), 2, out);
  } else {
    out += static_cast<char>(mask_bit | 127U);
    append_big_endian(payload.size(), 8, out);
  }
  if (mask) out.append(mask->data(), mask->size());
  const std::size_t begin = out.size();
  out += payload;
  if (mask) apply_mask(std::span(out).subspan(begin), *mask);
}

std::string close_payload(const CloseReason& reason) {
  std::string out;
  if (reason.code == close_code::none_given) return out;
  FAIRLEAD_CHECK(close_code::may_be_sent(reason.code), "a close code that must not be on the wire");
  append_big_endian(reason.code, 2, out);
  Utf8Check check;
  // The text may quote what a user sent; a reason that is not UTF-8 would be our own breach of the protocol.
  const std::string_view text = whole_characters(reason.text, max_control - 2);
  if (check.feed(text) && check.is_whole()) out += text;
  return out;
}

}  // namespace fairlead::protocols::ws
