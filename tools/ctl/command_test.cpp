#include "tools/ctl/command.hpp"

#include <gtest/gtest.h>

namespace fairlead::ctl {
namespace {

std::string error_of(const std::vector<std::string>& words, const Flags& flags = {}) {
  const auto request = request_of(words, flags);
  EXPECT_FALSE(request);
  return request ? "" : request.error().message;
}

}  // namespace

TEST(Command, becomes_a_request) {
  EXPECT_EQ(request_of({"status"}, {})->dump(), R"({"ask":"status"})");
  EXPECT_EQ(request_of({"clients"}, {.group = "room", .limit = 5})->dump(),
            R"({"ask":"clients","group":"room","limit":5})");
  EXPECT_EQ(request_of({"send", "hello you"}, {.all = true})->dump(),
            R"({"ask":"send","text":"hello you","all":true})");
  EXPECT_EQ(request_of({"dead", "retry", "x:1"}, {})->dump(), R"({"ask":"dead.retry","letter":"x:1"})");
  EXPECT_EQ(request_of({"dead", "drop"}, {.all = true})->dump(), R"({"ask":"dead.drop","all":true})");
  EXPECT_EQ(request_of({"kick"}, {.uid = "7", .now = true})->dump(), R"({"ask":"kick","uid":"7","now":true})");
}

TEST(Command, that_is_typed_wrongly_is_told_what_was_meant) {
  EXPECT_TRUE(error_of({}).starts_with("which command?"));
  EXPECT_TRUE(error_of({"statsu"}).starts_with("there is no command 'statsu'; did you mean 'status'?"));
  EXPECT_TRUE(error_of({"dead", "lss"}).starts_with("there is no command 'dead lss'; did you mean 'dead ls'?"));
  EXPECT_TRUE(error_of({"kick"}).starts_with("what is to be kick"));
  EXPECT_TRUE(error_of({"status", "now"}).starts_with("'now' is one word too many"));
  EXPECT_TRUE(error_of({"send", "hello", "you"}).starts_with("'you' is one word too many"));
}

}  // namespace fairlead::ctl
