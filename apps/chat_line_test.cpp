#include "apps/chat_line.hpp"

#include <gtest/gtest.h>

namespace fairlead::apps {
namespace {

std::string error_of(std::string_view line) {
  const auto parsed = parse_chat_line(line);
  return parsed ? "no error" : parsed.error().message;
}

TEST(ChatLine, is_for_everybody_unless_it_says_otherwise) {
  EXPECT_EQ(parse_chat_line("hello").value(), ChatLine(SayToAll{"hello"}));
  EXPECT_EQ(parse_chat_line("  κόσμε\ttab \r\n").value(), ChatLine(SayToAll{"κόσμε\ttab"}));
  EXPECT_EQ(parse_chat_line("two\nlines").value(), ChatLine(SayToAll{"two\nlines"}));
  EXPECT_EQ(parse_chat_line(":7").value(), ChatLine(SayToAll{":7"}));
  EXPECT_EQ(parse_chat_line("7 : hello").value(), ChatLine(SayToAll{"7 : hello"}));
  EXPECT_EQ(parse_chat_line("42").value(), ChatLine(SayToAll{"42"}));
  EXPECT_EQ(parse_chat_line("//etc/passwd").value(), ChatLine(SayToAll{"/etc/passwd"}));
}

TEST(ChatLine, is_for_one_user_behind_a_number_and_a_colon) {
  EXPECT_EQ(parse_chat_line("7:hello").value(), ChatLine(SayToUid{7, "hello"}));
  EXPECT_EQ(parse_chat_line("007: a:b ").value(), ChatLine(SayToUid{7, "a:b"}));
  EXPECT_EQ(error_of("7:"), "say what to 7?");
  EXPECT_EQ(error_of("99999999999999999999999999:x"), "there is no user 999999999999999999999999…");
}

TEST(ChatLine, is_a_command_or_for_a_room_behind_a_slash) {
  EXPECT_EQ(parse_chat_line("/join tea").value(), ChatLine(JoinRoom{"tea"}));
  EXPECT_EQ(parse_chat_line("/join #tea").value(), ChatLine(JoinRoom{"tea"}));
  EXPECT_EQ(parse_chat_line("/leave tea").value(), ChatLine(LeaveRoom{"tea"}));
  EXPECT_EQ(parse_chat_line("/tea  two sugars").value(), ChatLine(SayToRoom{"tea", "two sugars"}));
  EXPECT_EQ(parse_chat_line("/#tea milk").value(), ChatLine(SayToRoom{"tea", "milk"}));
  EXPECT_EQ(parse_chat_line("/who").value(), ChatLine(AskWho{}));
  EXPECT_EQ(parse_chat_line("/who tea").value(), ChatLine(AskWho{"tea"}));
  EXPECT_EQ(parse_chat_line("/name Ann of Cleves").value(), ChatLine(SetName{"Ann of Cleves"}));
  EXPECT_EQ(parse_chat_line("/help").value(), ChatLine(AskHelp{}));
  EXPECT_EQ(parse_chat_line("/help me").value(), ChatLine(AskHelp{}));
}

TEST(ChatLine, says_what_is_missing_or_wrong) {
  EXPECT_EQ(error_of(""), "say what? Type /help to see what you can do");
  EXPECT_EQ(error_of(" \r\n"), "say what? Type /help to see what you can do");
  EXPECT_EQ(error_of("/"), "which room is that");
  EXPECT_EQ(error_of("/join"), "which room is that. Type /join ROOM");
  EXPECT_EQ(error_of("/join a b"), "a room's name holds no blanks, no / and no #. Type /join ROOM");
  EXPECT_EQ(error_of("/join who"), "no room can be called who: that is a command. Type /join ROOM");
  EXPECT_EQ(error_of("/tea"), "say what to #tea? Type /tea TEXT (or /help)");
  EXPECT_EQ(error_of("/name"), "which name? Type /name NAME");
  EXPECT_EQ(error_of("/name " + std::string(65, 'x')), "a name has at most 64 bytes");
  EXPECT_EQ(error_of("/name a\tb"), "a name is one line without tabs");
  EXPECT_EQ(error_of("/join " + std::string(65, 'x')), "a room's name has at most 64 bytes. Type /join ROOM");
}

TEST(ChatLine, refuses_what_would_hurt_a_terminal_or_a_browser) {
  EXPECT_EQ(error_of("\xff\xfe"), "that is not UTF-8 text");
  EXPECT_EQ(error_of("a\x1b[2Jb"), "control characters are not allowed");
  EXPECT_EQ(error_of("a\x7f"), "control characters are not allowed");
  EXPECT_EQ(error_of("a\xc2\x9b"
                     "2J"),
            "control characters are not allowed");
  EXPECT_EQ(error_of(std::string("a\0b", 3)), "control characters are not allowed");
  EXPECT_EQ(error_of("/name \x1b]0;x"), "control characters are not allowed");
  EXPECT_EQ(error_of(std::string(max_chat_text + 1, 'x')), "a message has at most 64 KiB");
  EXPECT_EQ(parse_chat_line("non\xc2\xa0"
                            "breaking")
                .value(),
            ChatLine(SayToAll{"non\xc2\xa0"
                              "breaking"}));
}

TEST(ChatLine, help_names_every_command) {
  for (const char* command : {"/join", "/leave", "/who", "/name", "/ROOM TEXT", "7:TEXT", "//TEXT"}) {
    EXPECT_NE(chat_help().find(command), std::string_view::npos) << command;
  }
}

}  // namespace
}  // namespace fairlead::apps
