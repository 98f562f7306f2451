#include "client/chat/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tone = View::Tone;

// What a person reads, without the time.
std::string read(View& view, std::string_view message) {
  std::string out;
  for (const auto& line : view.on_message(message)) out += print(line, "T", false).substr(2);
  return out;
}

struct Chat : testing::Test {
  View view;
  void SetUp() override {
    read(view, R"({"type":"welcome","uid":7,"online":2,"users":[{"uid":3,"name":"Ann"}],"complete":true})");
  }
};

TEST(View, a_welcome_says_who_we_are_and_who_is_there) {
  View view;
  EXPECT_EQ(read(view, R"({"type":"welcome","uid":7})"), "* you are user 7");
  EXPECT_EQ(view.me(), 7);
  EXPECT_EQ(read(view, R"({"type":"welcome","uid":9,"online":3,"users":[{"uid":3,"name":"Ann"},{"uid":5}],)"
                       R"("complete":false})"),
            "* you are user 9 now (7 before); here already: Ann(3), 5 (perhaps more: a part of the system is away)");
  EXPECT_EQ(read(view, R"({"type":"welcome","uid":9,"online":900,"complete":true})"),
            "* you are user 9; 900 users are here");
}

TEST_F(Chat, everybody_private_and_rooms_look_different) {
  EXPECT_EQ(read(view, R"({"type":"say","from":3,"name":"Ann","to":"all","text":"hello"})"), "Ann(3): hello");
  EXPECT_EQ(read(view, R"({"type":"say","from":7,"to":"all","text":"hi"})"), "you: hi");
  EXPECT_EQ(read(view, R"({"type":"say","from":3,"to":7,"text":"psst"})"), "Ann(3) -> you: psst");
  EXPECT_EQ(read(view, R"({"type":"say","from":7,"to":3,"text":"yes?"})"), "you -> Ann(3): yes?");
  EXPECT_EQ(read(view, R"({"type":"say","from":5,"to":"#tea","text":"milk?"})"), "#tea 5: milk?");
  EXPECT_EQ(view.on_message(R"({"type":"say","from":3,"to":7,"text":"psst"})").front().tone, Tone::private_say);
}

TEST_F(Chat, comings_goings_and_names_are_told) {
  EXPECT_EQ(read(view, R"({"type":"come","uid":8})"), "* 8 came");
  EXPECT_EQ(read(view, R"({"type":"name","uid":8,"name":"Bob"})"), "* 8 is called Bob now");
  EXPECT_EQ(read(view, R"({"type":"name","uid":8,"name":"Rob","was":"Bob"})"), "* Bob(8) is called Rob now");
  EXPECT_EQ(read(view, R"({"type":"join","uid":8,"name":"Rob","room":"#tea"})"), "* Rob(8) joined #tea");
  EXPECT_EQ(read(view, R"({"type":"part","uid":8,"name":"Rob","room":"#tea"})"), "* Rob(8) left #tea");
  EXPECT_EQ(read(view, R"({"type":"leave","uid":8,"name":"Rob"})"), "* Rob(8) left");
  EXPECT_EQ(read(view, R"({"type":"name","uid":7,"name":"Me"})"), "* you are called Me");
  EXPECT_EQ(view.my_label(), "Me(7)");
}

TEST_F(Chat, who_lists_people_or_counts_them) {
  EXPECT_EQ(read(view, R"({"type":"who","online":2,"users":[{"uid":3,"name":"Ann"},{"uid":7}],"complete":true})"),
            "* 2 users here: Ann(3), 7 (you)");
  EXPECT_EQ(read(view, R"({"type":"who","room":"#tea","online":1,"users":[{"uid":7}],"complete":true})"),
            "* 1 user in #tea: 7 (you)");
  EXPECT_EQ(read(view, R"({"type":"who","online":1000,"complete":true})"), "* 1000 users here");
}

TEST_F(Chat, errors_stand_out) {
  EXPECT_EQ(read(view, R"({"type":"error","text":"there is no user 9"})"), "! there is no user 9");
}

TEST_F(Chat, a_name_and_rooms_are_taken_to_the_next_connection) {
  EXPECT_THAT(view.reintroduction(), IsEmpty());
  read(view, R"({"type":"name","uid":7,"name":"Me"})");
  read(view, R"({"type":"join","uid":7,"room":"#tea"})");
  read(view, R"({"type":"join","uid":7,"room":"#cake"})");
  read(view, R"({"type":"part","uid":7,"room":"#cake"})");
  read(view, R"({"type":"join","uid":3,"room":"#beer"})");
  EXPECT_THAT(view.reintroduction(), ElementsAre("/name Me", "/join tea"));
  read(view, R"({"type":"welcome","uid":12})");
  EXPECT_THAT(view.reintroduction(), ElementsAre("/name Me", "/join tea"));
}

TEST_F(Chat, what_the_app_did_not_say_is_shown_as_it_came) {
  for (const auto* message : {"plain text", "[1,2]", "{\"type\":\"news\"}", "{\"a\":", "", "null", "{\"type\":7}"}) {
    EXPECT_EQ(read(view, message), message);
  }
}

TEST_F(Chat, wrong_types_inside_do_no_harm) {
  EXPECT_EQ(read(view, R"({"type":"say","from":"x","to":[1],"text":5})"), "0: ");
  EXPECT_EQ(read(view, R"({"type":"welcome","uid":"x","users":[1,{"uid":null}],"online":{}})"),
            "* you are user 0 now (7 before); here already: 0 (you)");
}

TEST_F(Chat, nobody_can_send_commands_to_the_terminal_of_another) {
  EXPECT_EQ(read(view, R"({"type":"say","from":3,"name":"A\u001b[2J\nnn","to":"all","text":"\u001b]0;x\u0007"})"),
            "A\ufffd[2J nn(3): \ufffd]0;x\ufffd");
}

TEST(Print, indents_the_further_lines_of_a_text) {
  const View::Line line{.tone = Tone::notice, .who = {}, .text = "one\ntwo"};
  EXPECT_EQ(print(line, "12:00", false), "12:00 * one\n        two");
}

TEST(Print, colours_only_when_asked) {
  const View::Line line{.tone = Tone::say, .who = "Ann(3)", .text = "hi"};
  EXPECT_EQ(print(line, "12:00", false).find('\x1b'), std::string::npos);
  EXPECT_EQ(print(line, "12:00", true), "\x1b[2m12:00\x1b[0m \x1b[1mAnn(3): \x1b[0mhi");
}

}  // namespace
}  // namespace fairlead::client
