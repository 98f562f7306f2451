// Text as a terminal sees it: characters instead of bytes, and how many columns each takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::client {

// Decodes UTF-8; what is not well-formed becomes U+FFFD.
std::u32string decode_utf8(std::string_view text);
void append_utf8(char32_t character, std::string& out);
std::string encode_utf8(std::u32string_view text);

// 0 for what joins the character before, 2 for wide ones (East Asian, emoji), else 1.
std::size_t columns(char32_t character);

// Safe to print whoever wrote it: control characters, which a terminal would obey, and marks that turn the direction of
// writing become U+FFFD; tabs become blanks; line breaks stay.
std::string harmless(std::string_view text);

}  // namespace fairlead::client
