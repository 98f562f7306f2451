// LineEditor is the line being typed: keys in, lines out, and what one row of the screen should show of it. It draws
// nothing, so what others say meanwhile can be printed above it.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::client {

class LineEditor {
 public:
  struct Key {
    enum class Kind { line, quit, clear_screen };
    Kind kind = Kind::line;
    std::string line;  // what was typed, when Enter was pressed
    bool operator==(const Key&) const = default;
  };

  // A row that fits: the part of the line around the cursor, and how many columns into the row the cursor stands.
  struct Row {
    std::string text;
    std::size_t cursor = 0;
    bool operator==(const Row&) const = default;
  };

  static constexpr std::size_t max_characters = 16'384;
  static constexpr std::size_t max_history = 200;

  // What the keyboard sent, in pieces of any size: characters and the usual keys of a shell's line.
  std::vector<Key> feed(std::string_view bytes);

  Row row(std::size_t width) const;

  // For a line that could not be sent.
  void put_back(std::string_view line);

 private:
  void on_character(char32_t character, std::vector<Key>& keys);
  void on_escape(std::string_view sequence);
  void insert(char32_t character);
  void erase_word();
  void recall(std::size_t index);
  void finish(std::vector<Key>& keys);

  std::string pending_;  // the beginning of a character or of an escape sequence
  std::u32string line_;
  std::size_t cursor_ = 0;
  std::deque<std::u32string> history_;
  std::size_t recalled_ = 0;  // index in history_; its size: the line that is being typed
  std::u32string typed_;      // that line, while an older one is shown
};

}  // namespace fairlead::client
