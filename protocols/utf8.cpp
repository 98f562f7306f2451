#include "protocols/utf8.hpp"

#include <cstddef>
#include <cstring>

namespace fairlead::protocols {
namespace {

// How many of the bytes from `begin` on are ASCII, looked at eight at a time; the last few before an end or before
// another byte are left to the caller.
std::size_t ascii_words(std::string_view bytes, std::size_t begin) {
  static constexpr std::uint64_t high_bits = 0x8080808080808080U;
  std::size_t at = begin;
  while (bytes.size() - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & high_bits) != 0) break;
    at += 8;
  }
  return at - begin;
}

}  // namespace

bool Utf8Check::feed(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (missing_ == 0) {
      i += ascii_words(bytes, i);
      if (i == bytes.size()) break;
    }
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if (missing_ > 0) {
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xbf;
      --missing_;
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false;
      missing_ = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      if (byte == 0xe0) low_ = 0xa0;   // below: overlong
      if (byte == 0xed) high_ = 0x9f;  // above: surrogates
      if (byte == 0xf0) low_ = 0x90;   // below: overlong
      if (byte == 0xf4) high_ = 0x8f;  // above: past U+10FFFF
    }
  }
  return true;
}

}  // namespace fairlead::protocols
