#include "client/chat/line_editor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::client {
namespace {

using testing::ElementsAre;
using Key = LineEditor::Key;
using Row = LineEditor::Row;

constexpr auto left = "\x1b[D";
constexpr auto right = "\x1b[C";
constexpr auto up = "\x1b[A";
constexpr auto down = "\x1b[B";
constexpr auto home = "\x1b[H";
constexpr auto end = "\x1b[F";
constexpr auto erase = "\x1b[3~";

Key line(std::string text) { return {.kind = Key::Kind::line, .line = std::move(text)}; }
const Key quit{.kind = Key::Kind::quit, .line = {}};

// What the row shows, with the cursor as a bar.
std::string shown(const LineEditor& editor) {
  const Row row = editor.row(40);
  std::string text = row.text;
  text.insert(row.cursor, "|");
  return text;
}
std::string after(std::initializer_list<std::string_view> keys) {
  LineEditor editor;
  for (const auto key : keys) editor.feed(key);
  return shown(editor);
}

TEST(LineEditor, enter_hands_out_what_was_typed) {
  LineEditor editor;
  EXPECT_THAT(editor.feed("hello\rworld\r"), ElementsAre(line("hello"), line("world")));
  EXPECT_EQ(shown(editor), "|");
}

TEST(LineEditor, the_cursor_moves_and_edits_in_the_middle) {
  EXPECT_EQ(after({"helo", left, "l"}), "hell|o");
  EXPECT_EQ(after({"hello", home, erase}), "|ello");
  EXPECT_EQ(after({"hello", home, right, "\x7f"}), "|ello");
  EXPECT_EQ(after({"hello", home, end, "!"}), "hello!|");
  EXPECT_EQ(after({left, right, "\x7f", erase, "a"}), "a|");
}

TEST(LineEditor, knows_the_keys_of_a_shell) {
  EXPECT_EQ(after({"one two ", "\x17"}), "one |");
  EXPECT_EQ(after({"one two", left, "\x15"}), "|o");
  EXPECT_EQ(after({"one two", "\x01", "\x0b"}), "|");
  EXPECT_EQ(after({"ab", "\x01", "\x04"}), "|b");
  LineEditor editor;
  EXPECT_THAT(editor.feed("\x0c"), ElementsAre(Key{.kind = Key::Kind::clear_screen, .line = {}}));
}

TEST(LineEditor, control_c_and_an_end_of_input_on_an_empty_line_quit) {
  LineEditor editor;
  EXPECT_THAT(editor.feed("x\x03"), ElementsAre(quit));
  EXPECT_THAT(LineEditor().feed("\x04"), ElementsAre(quit));
}

TEST(LineEditor, keys_may_come_in_pieces) {
  LineEditor editor;
  for (const auto* piece : {"ab", "\x1b", "[", "D", "\xc3", "\xbc"}) editor.feed(piece);
  EXPECT_EQ(editor.row(40), (Row{.text = "aüb", .cursor = 2}));
}

TEST(LineEditor, recalls_older_lines_and_keeps_the_one_being_typed) {
  LineEditor editor;
  editor.feed("first\rsecond\rthi");
  editor.feed(up);
  EXPECT_EQ(shown(editor), "second|");
  editor.feed(up);
  editor.feed(up);
  EXPECT_EQ(shown(editor), "first|");
  editor.feed(down);
  editor.feed(down);
  EXPECT_EQ(shown(editor), "thi|");
}

TEST(LineEditor, shows_the_part_around_the_cursor_when_the_row_is_short) {
  LineEditor editor;
  editor.feed("0123456789");
  EXPECT_EQ(editor.row(5), (Row{.text = "6789", .cursor = 4}));
  editor.feed(home);
  EXPECT_EQ(editor.row(5), (Row{.text = "01234", .cursor = 0}));
  EXPECT_EQ(editor.row(0), Row{});
}

TEST(LineEditor, counts_wide_characters_twice) {
  LineEditor editor;
  editor.feed("漢字");
  EXPECT_EQ(editor.row(40), (Row{.text = "漢字", .cursor = 4}));
  EXPECT_EQ(editor.row(4), (Row{.text = "字", .cursor = 2}));
}

TEST(LineEditor, unknown_keys_and_broken_bytes_do_no_harm) {
  EXPECT_EQ(after({"a\x1b[5~\x1b[1;5C\x1bOP\x02\x06", "b"}), "ab|");
  LineEditor editor;
  editor.feed(std::string(LineEditor::max_characters + 100, 'x'));
  EXPECT_EQ(editor.feed("\r").front().line.size(), LineEditor::max_characters);
}

TEST(LineEditor, a_line_that_could_not_be_sent_comes_back_unless_another_was_begun) {
  LineEditor editor;
  editor.put_back("again");
  EXPECT_EQ(shown(editor), "again|");
  editor.put_back("late");
  EXPECT_EQ(shown(editor), "again|");
}

}  // namespace
}  // namespace fairlead::client
