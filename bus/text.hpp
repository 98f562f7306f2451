// Small conversions between what people type or read and what we compute with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bus/result.hpp"
#include "bus/time.hpp"

namespace fairlead {

std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view hex);

// "250ms", "5s", "2m", "1h"; a bare number is an error, because nobody agrees on its unit.
Result<Duration> parse_duration(std::string_view text);
std::string duration_text(Duration duration);

// "65536", "64k", "1M", "2G": powers of 1024, also with a trailing B or iB.
Result<std::uint64_t> parse_size(std::string_view text);

// `bytes` as one printable line of at most `limit` characters: control characters and quotes escaped, an ellipsis when cut.
std::string printable(std::string_view bytes, std::size_t limit = 80);

// An address as logs may show it: `redis://user:***@host`. Whatever could be a password is hidden, also when the address
// is not written as it should be; text that is no address stays as it is.
std::string without_password(std::string_view address);

// Whether all of `bytes` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view bytes);

}  // namespace fairlead
