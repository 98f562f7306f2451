#include "bus/keys.hpp"

#include <cstdint>

namespace fairlead {
namespace {

constexpr std::size_t key_length = 40;
constexpr std::size_t group_length = 5;  // of characters that make 32 bits
constexpr std::string_view alphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

}  // namespace

Status check_key(std::string_view text) {
  if (text.size() != key_length) return Error{"a key has 40 characters, not " + std::to_string(text.size())};
  for (std::size_t at = 0; at < text.size(); at += group_length) {
    std::uint64_t bits = 0;
    for (const char c : text.substr(at, group_length)) {
      const auto digit = alphabet.find(c);
      if (digit == std::string_view::npos) return Error{"there is a character in it that no key has (keys are Z85)"};
      bits = bits * alphabet.size() + digit;
    }
    if (bits > UINT32_MAX) return Error{"that is no key, though it has the length of one"};
  }
  return Nothing{};
}

Result<std::string> key_in(std::string_view file) {
  std::string_view key;
  while (!file.empty()) {
    const auto end = file.find('\n');
    const auto line = trimmed(file.substr(0, end));
    file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (!key.empty()) return Error{"there is more than one key in it"};
    key = line;
  }
  if (key.empty()) return Error{"there is no key in it"};
  if (auto good = check_key(key); !good) return good.error();
  return std::string(key);
}

}  // namespace fairlead
