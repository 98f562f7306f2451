#include "tools/tap/line.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace fairlead::tap {
namespace {

using Json = nlohmann::ordered_json;

Frame frame_of(std::uint64_t seen, std::uint64_t matched, std::size_t records) {
  Frame frame{.seen = seen, .matched = matched};
  frame.records.resize(records);
  return frame;
}

}  // namespace

TEST(TapFrame, is_a_line_about_itself_and_its_records) {
  const auto frame = read_frame(
      "{\"tap\":1,\"at\":12.5,\"seen\":9,\"matched\":3,\"dropped\":1,\"sent\":2}\n{\"what\":\"event\"}\n{\"what\":"
      "\"unit\"}\n");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->at, 12.5);
  EXPECT_EQ(frame->dropped, 1U);
  ASSERT_EQ(frame->records.size(), 2U);
  EXPECT_EQ(frame->records[1]["what"], "unit");
}

TEST(TapFrame, that_is_none_is_an_error) {
  for (const char* bad : {"", "x", "{}", "{\"tap\":2}\n", "{\"tap\":1}\nx\n"}) EXPECT_FALSE(read_frame(bad)) << bad;
}

TEST(Tally, counts_from_its_own_first_frame) {
  Tally tally;
  tally.on_frame(frame_of(1000, 500, 2));
  EXPECT_EQ(tally.seen(), 2U);
  EXPECT_EQ(tally.matched(), 2U);
  EXPECT_EQ(tally.not_captured(), 0U);
  tally.on_frame(frame_of(1010, 505, 5));
  EXPECT_EQ(tally.seen(), 12U);
  EXPECT_EQ(tally.matched(), 7U);
  EXPECT_EQ(tally.not_captured(), 0U);
}

TEST(Tally, knows_what_it_has_missed) {
  Tally tally;
  tally.on_frame(frame_of(10, 10, 0));
  tally.on_frame(frame_of(40, 30, 5));  // fifteen dropped by the broker, or in frames that never came
  EXPECT_EQ(tally.not_captured(), 15U);
  tally.on_frame(frame_of(3, 1, 1));  // another broker
  EXPECT_EQ(tally.not_captured(), 15U);
  EXPECT_EQ(tally.captured(), 6U);
}

TEST(Printer, has_a_line_for_people) {
  ::setenv("TZ", "UTC", 1);
  Printer printer({});
  const Json event{{"what", "event"}, {"dir", "up"},       {"kind", "message"}, {"client", "00c1"}, {"seq", 3},
                   {"uid", "42"},     {"gateway", "gw 1"}, {"bytes", 5},        {"body", "he\nlo"}};
  EXPECT_EQ(printer.line(event, 3661.25),
            "01:01:01.250000 up   event   message 00c1:3 uid=42 gateway=gw 1 5B \"he\\x0alo\"");
  const Json commit{{"what", "commit"}, {"dir", "down"}, {"kind", "message"}, {"client", "00c1"},
                    {"seq", 3},         {"worker", "w"}, {"effects", 1},      {"bytes", 0}};
  EXPECT_EQ(printer.line(commit, 3661.2535),
            "01:01:01.253500 down commit  message 00c1:3 worker=w effects=1 took=3.5ms 0B");
}

TEST(Printer, is_quiet_when_asked) {
  ::setenv("TZ", "UTC", 1);
  Printer printer({.quiet = true});
  EXPECT_EQ(
      printer.line({{"what", "deliver"}, {"dir", "down"}, {"to", "all"}, {"gateway", "g"}, {"bytes", 2}, {"body", "x"}},
                   0),
      "00:00:00.000000 down deliver to all 2B");
}

}  // namespace fairlead::tap
