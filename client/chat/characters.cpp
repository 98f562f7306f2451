#include "client/chat/characters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "bus/text.hpp"

namespace fairlead::client {
namespace {

constexpr char32_t replacement = 0xfffd;

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks that people write in, not every assigned character: a wrong guess costs a cursor one column off.
constexpr std::array<Range, 8> joining{{{0x300, 0x36f},
                                        {0x483, 0x489},
                                        {0x591, 0x5bd},
                                        {0x610, 0x61a},
                                        {0x64b, 0x65f},
                                        {0x200b, 0x200f},
                                        {0x20d0, 0x20ff},
                                        {0xfe00, 0xfe0f}}};
constexpr std::array<Range, 12> wide{{{0x1100, 0x115f},
                                      {0x231a, 0x231b},
                                      {0x2e80, 0x303e},
                                      {0x3041, 0xa4cf},
                                      {0xac00, 0xd7a3},
                                      {0xf900, 0xfaff},
                                      {0xfe30, 0xfe6f},
                                      {0xff00, 0xff60},
                                      {0xffe0, 0xffe6},
                                      {0x1f300, 0x1f64f},
                                      {0x1f680, 0x1faff},
                                      {0x20000, 0x3fffd}}};

template <std::size_t N>
bool is_in(char32_t character, const std::array<Range, N>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](Range range) { return range.first <= character && character <= range.last; });
}

std::size_t length_by_lead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

bool is_dangerous(char32_t character) {
  const bool control = (character < 0x20 && character != '\n') || (character >= 0x7f && character < 0xa0);
  const bool turns = (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
  return control || turns;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string characters;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = length_by_lead(lead);
    const std::string_view piece = text.substr(at, length);
    if (piece.size() < length || !is_utf8(piece)) {
      characters.push_back(replacement);
      ++at;
      continue;
    }
    char32_t character = length == 1 ? lead : lead & (0x7fU >> length);
    for (const char next : piece.substr(1)) character = (character << 6U) | (static_cast<unsigned char>(next) & 0x3fU);
    characters.push_back(character);
    at += length;
  }
  return characters;
}

void append_utf8(char32_t character, std::string& out) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<std::uint8_t>(byte))); };
  const auto put_tail = [&](unsigned bits) { put(0x80U | ((character >> bits) & 0x3fU)); };
  if (character < 0x80) return put(character);
  if (character < 0x800) return put(0xc0U | (character >> 6U)), put_tail(0);
  if (character < 0x10000) return put(0xe0U | (character >> 12U)), put_tail(6), put_tail(0);
  put(0xf0U | (character >> 18U));
  put_tail(12);
  put_tail(6);
  put_tail(0);
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t character : text) append_utf8(character, out);
  return out;
}

std::size_t columns(char32_t character) {
  if (character < 0x300) return 1;
  if (is_in(character, joining)) return 0;
  return is_in(character, wide) ? 2 : 1;
}

std::string harmless(std::string_view text) {
  std::string out;
  for (const char32_t character : decode_utf8(text)) {
    if (character == '\t') {
      out.push_back(' ');
    } else {
      append_utf8(is_dangerous(character) ? replacement : character, out);
    }
  }
  return out;
}

}  // namespace fairlead::client
