#include "client/chat/line_editor.hpp"

#include <algorithm>
#include <utility>

#include "client/chat/characters.hpp"

namespace fairlead::client {
namespace {

constexpr char32_t ctrl(char letter) { return static_cast<char32_t>(letter & 0x1f); }

// How many of `bytes`, which begin with ESC, are one key; 0: more must come.
std::size_t escape_length(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  if (bytes[1] == 'O') return bytes.size() < 3 ? 0 : 3;
  if (bytes[1] != '[') return 2;
  for (std::size_t i = 2; i < bytes.size(); ++i) {
    if (bytes[i] >= 0x40 && bytes[i] <= 0x7e) return i + 1;
  }
  return bytes.size() > 16 ? bytes.size() : 0;
}

std::size_t character_length(unsigned char lead) {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

}  // namespace

std::vector<LineEditor::Key> LineEditor::feed(std::string_view bytes) {
  pending_ += bytes;
  std::vector<Key> keys;
  std::size_t at = 0;
  while (at < pending_.size()) {
    const std::string_view rest = std::string_view(pending_).substr(at);
    const bool escape = rest.front() == 0x1b;
    const std::size_t length = escape ? escape_length(rest) : character_length(static_cast<unsigned char>(rest[0]));
    if (length == 0 || length > rest.size()) break;
    if (escape) {
      on_escape(rest.substr(1, length - 1));
    } else {
      for (const char32_t character : decode_utf8(rest.substr(0, length))) on_character(character, keys);
    }
    at += length;
  }
  pending_.erase(0, at);
  return keys;
}

void LineEditor::on_character(char32_t character, std::vector<Key>& keys) {
  switch (character) {
    case U'\r':
    case U'\n':
      return finish(keys);
    case 0x7f:
    case ctrl('H'):
      if (cursor_ > 0) line_.erase(--cursor_, 1);
      return;
    case ctrl('A'):
      cursor_ = 0;
      return;
    case ctrl('E'):
      cursor_ = line_.size();
      return;
    case ctrl('B'):
      return on_escape("[D");
    case ctrl('F'):
      return on_escape("[C");
    case ctrl('P'):
      return on_escape("[A");
    case ctrl('N'):
      return on_escape("[B");
    case ctrl('U'):
      line_.erase(0, cursor_);
      cursor_ = 0;
      return;
    case ctrl('K'):
      line_.erase(cursor_);
      return;
    case ctrl('W'):
      return erase_word();
    case ctrl('L'):
      keys.push_back({.kind = Key::Kind::clear_screen, .line = {}});
      return;
    case ctrl('C'):
      keys.push_back({.kind = Key::Kind::quit, .line = {}});
      return;
    case ctrl('D'):
      if (line_.empty()) {
        keys.push_back({.kind = Key::Kind::quit, .line = {}});
      } else {
        line_.erase(cursor_, 1);
      }
      return;
    case U'\t':
      return insert(U' ');
    default:
      if (character >= 0x20 && (character < 0x80 || character >= 0xa0)) insert(character);
  }
}

void LineEditor::on_escape(std::string_view sequence) {
  if (sequence == "[D" || sequence == "OD") {
    if (cursor_ > 0) --cursor_;
  } else if (sequence == "[C" || sequence == "OC") {
    if (cursor_ < line_.size()) ++cursor_;
  } else if (sequence == "[A" || sequence == "OA") {
    if (recalled_ > 0) recall(recalled_ - 1);
  } else if (sequence == "[B" || sequence == "OB") {
    if (recalled_ < history_.size()) recall(recalled_ + 1);
  } else if (sequence == "[H" || sequence == "OH" || sequence == "[1~" || sequence == "[7~") {
    cursor_ = 0;
  } else if (sequence == "[F" || sequence == "OF" || sequence == "[4~" || sequence == "[8~") {
    cursor_ = line_.size();
  } else if (sequence == "[3~") {
    if (cursor_ < line_.size()) line_.erase(cursor_, 1);
  } else if (sequence == "\x7f") {
    erase_word();
  }
}

void LineEditor::insert(char32_t character) {
  if (line_.size() >= max_characters) return;
  line_.insert(cursor_++, 1, character);
}

void LineEditor::erase_word() {
  std::size_t begin = cursor_;
  while (begin > 0 && line_[begin - 1] == U' ') --begin;
  while (begin > 0 && line_[begin - 1] != U' ') --begin;
  line_.erase(begin, cursor_ - begin);
  cursor_ = begin;
}

void LineEditor::recall(std::size_t index) {
  if (recalled_ == history_.size()) typed_ = line_;
  recalled_ = index;
  line_ = index == history_.size() ? typed_ : history_[index];
  cursor_ = line_.size();
}

void LineEditor::finish(std::vector<Key>& keys) {
  keys.push_back({.kind = Key::Kind::line, .line = encode_utf8(line_)});
  if (!line_.empty() && (history_.empty() || history_.back() != line_)) history_.push_back(line_);
  if (history_.size() > max_history) history_.pop_front();
  recalled_ = history_.size();
  line_.clear();
  typed_.clear();
  cursor_ = 0;
}

void LineEditor::put_back(std::string_view line) {
  if (!line_.empty()) return;  // something new is being typed; the old line is in the history
  line_ = decode_utf8(line);
  cursor_ = line_.size();
}

LineEditor::Row LineEditor::row(std::size_t width) const {
  if (width == 0) return {};
  // Starts as far left as it can with the cursor, which needs a column of its own at the end of the line, still inside.
  std::size_t begin = cursor_;
  std::size_t before = 0;
  while (begin > 0 && before + columns(line_[begin - 1]) < width) before += columns(line_[--begin]);
  std::size_t end = cursor_;
  std::size_t used = before;
  while (end < line_.size() && used + columns(line_[end]) <= width) used += columns(line_[end++]);
  return {.text = encode_utf8(std::u32string_view(line_).substr(begin, end - begin)), .cursor = before};
}

}  // namespace fairlead::client
