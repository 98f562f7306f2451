// Utf8Check judges text that arrives in pieces, and knows at the first wrong byte.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::protocols {

class Utf8Check {
 public:
  // False when the bytes so far cannot begin any well-formed text (RFC 3629); what follows is then not judged.
  bool feed(std::string_view bytes);

  // Whether the text may end here: not in the middle of a character.
  bool is_whole() const { return missing_ == 0; }

 private:
  // The next byte must lie in [low_, high_]; `missing_` more bytes belong to the character begun.
  std::uint8_t missing_ = 0;
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xbf;
};

}  // namespace fairlead::protocols
