#include "client/chat/errand.hpp"

#include <gtest/gtest.h>

namespace fairlead::client {
namespace {

struct Sent : testing::Test {
  Errand errand;
  void SetUp() override { errand.on_received(R"({"type":"welcome","uid":7})"); }

  // Whether `message` answers `line`.
  bool answers(std::string_view line, std::string_view message) {
    errand.on_sent(line);
    errand.on_received(message);
    const bool answered = errand.waiting() == 0;
    errand = Errand();
    SetUp();
    return answered;
  }
};

TEST_F(Sent, a_line_to_everybody_is_answered_by_its_own_copy) {
  EXPECT_TRUE(errand.is_welcomed());
  EXPECT_TRUE(answers("hi", R"({"type":"say","from":7,"to":"all","text":"hi"})"));
  EXPECT_FALSE(answers("hi", R"({"type":"say","from":8,"to":"all","text":"hi"})"));
  EXPECT_FALSE(answers("hi", R"({"type":"say","from":7,"to":3,"text":"hi"})"));
  EXPECT_TRUE(answers("//slash", R"({"type":"say","from":7,"to":"all","text":"/slash"})"));
  EXPECT_TRUE(answers("12 o'clock: tea", R"({"type":"say","from":7,"to":"all","text":"12 o'clock: tea"})"));
}

TEST_F(Sent, private_and_room_lines_are_told_apart) {
  EXPECT_TRUE(answers(" 3:psst", R"({"type":"say","from":7,"to":3,"text":"psst"})"));
  EXPECT_TRUE(answers("003:psst", R"({"type":"say","from":7,"to":3,"text":"psst"})"));
  EXPECT_FALSE(answers("3:psst", R"({"type":"say","from":7,"to":4,"text":"psst"})"));
  EXPECT_TRUE(answers("/tea milk?", R"({"type":"say","from":7,"to":"#tea","text":"milk?"})"));
  EXPECT_TRUE(answers("/#tea milk?", R"({"type":"say","from":7,"to":"#tea","text":"milk?"})"));
}

TEST_F(Sent, commands_have_their_answers) {
  EXPECT_TRUE(answers("/who", R"({"type":"who","online":1})"));
  EXPECT_TRUE(answers("/help", R"({"type":"help","text":"…"})"));
  EXPECT_TRUE(answers("/name Ann", R"({"type":"name","uid":7,"name":"Ann"})"));
  EXPECT_FALSE(answers("/name Ann", R"({"type":"name","uid":8,"name":"Ann"})"));
  EXPECT_TRUE(answers("/join tea", R"({"type":"join","uid":7,"room":"#tea"})"));
  EXPECT_TRUE(answers("/leave tea", R"({"type":"part","uid":7,"room":"#tea"})"));
}

TEST_F(Sent, an_error_answers_the_oldest_line) {
  errand.on_sent("999:hi");
  errand.on_sent("hello");
  errand.on_received(R"({"type":"error","text":"there is no user 999"})");
  EXPECT_EQ(errand.waiting(), 1U);
  EXPECT_EQ(errand.refused(), 1U);
  errand.on_received(R"({"type":"say","from":7,"to":"all","text":"hello"})");
  EXPECT_EQ(errand.waiting(), 0U);
}

TEST(Errand, the_echo_app_answers_with_the_same_bytes) {
  Errand errand;
  errand.on_sent("hi there");
  errand.on_received("something else");
  EXPECT_EQ(errand.waiting(), 1U);
  errand.on_received("hi there");
  EXPECT_EQ(errand.waiting(), 0U);
  EXPECT_FALSE(errand.is_welcomed());
}

TEST(Errand, anything_that_comes_unasked_is_ignored) {
  Errand errand;
  for (const auto* message : {"", "{", "[]", "{\"type\":\"error\"}", "{\"type\":\"welcome\",\"uid\":\"x\"}"}) {
    errand.on_received(message);
  }
  EXPECT_EQ(errand.refused(), 0U);
  EXPECT_FALSE(errand.is_welcomed());
}

}  // namespace
}  // namespace fairlead::client
