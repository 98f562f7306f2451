// Reads msgpack without believing it. A Cursor walks over bytes that a stranger may have written: it never reads past
// the end, never allocates, never trusts a length, and after the first thing that is not as asked it has failed for
// good and answers zeros. So a decoder asks for what it wants in one straight line and looks at ok() once, at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bus/ids.hpp"

namespace fairlead::schemas {

class Cursor {
 public:
  static constexpr int max_depth = 8;  // of containers that skip() enters

  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return !failed_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  // The number of elements that follow. Every element takes a byte, so a count beyond the bytes that are left is a lie.
  std::uint32_t array();
  std::uint64_t number();
  bool boolean();
  // A msgpack str or bin, at most `limit` bytes; the view lives as long as the input.
  std::string_view bytes(std::size_t limit);
  ClientId client();

  // True, and the nil is consumed, when a nil comes next.
  bool nil();
  // Passes over one object of any kind.
  void skip();
  void skip(std::uint32_t objects);

  void fail() { failed_ = true, rest_ = {}; }

 private:
  std::uint8_t byte();
  std::uint64_t big_endian(std::size_t width);
  std::string_view take(std::size_t size);
  void skip_at(int depth);

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace fairlead::schemas
