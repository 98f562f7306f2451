#include "schemas/frame.hpp"

#include <gtest/gtest.h>

#include "schemas/codec.hpp"

namespace fairlead::schemas {
namespace {

using namespace std::string_literals;

const Header header{.link = {0x0123456789abcdef}, .seq = 7, .ack = 0xffffffffffffffff};

}  // namespace

TEST(Frame, opens_as_it_was_built) {
  FrameBuilder builder;
  EXPECT_TRUE(builder.empty());
  append(builder.body(), Heartbeat{3});
  append(builder.body(), Committed{.client = {.gateway = {1}}, .seq = 2});
  EXPECT_FALSE(builder.empty());
  const std::string frame = builder.finish(header);
  auto opened = open_frame(frame).value();
  EXPECT_EQ(opened.header, header);
  EXPECT_EQ(std::get<Heartbeat>(decode_to_gateway(opened.records)).head, 3U);
  EXPECT_EQ(std::get<Committed>(decode_to_gateway(opened.records)).seq, 2U);
  EXPECT_TRUE(opened.records.at_end());
}

TEST(Frame, a_builder_is_empty_again_after_finish) {
  FrameBuilder builder("topic");
  append(builder.body(), Heartbeat{3});
  const std::size_t bytes = builder.record_bytes();
  builder.finish(header);
  EXPECT_TRUE(builder.empty());
  append(builder.body(), Heartbeat{4});
  EXPECT_EQ(builder.record_bytes(), bytes);
  EXPECT_EQ(builder.finish(header).size(), 5 + FrameBuilder::header_bytes + bytes);
}

TEST(Frame, a_topic_stands_in_front_of_the_header) {
  FrameBuilder builder(deliveries_topic({0x0123456789abcdef}));
  append(builder.body(), Heartbeat{});
  const std::string frame = builder.finish(header);
  EXPECT_EQ(frame.substr(0, topic_bytes), "g\x01\x23\x45\x67\x89\xab\xcd\xef"s);
  EXPECT_EQ(open_frame(std::string_view(frame).substr(topic_bytes)).value().header, header);
  EXPECT_EQ(outcomes_topic({1}), "o\0\0\0\0\0\0\0\1"s);
}

TEST(Frame, a_header_can_be_rewritten_in_place) {
  FrameBuilder builder("t");
  append(builder.body(), Heartbeat{9});
  std::string frame = builder.finish({});
  write_header(frame, 1, header);
  auto opened = open_frame(std::string_view(frame).substr(1)).value();
  EXPECT_EQ(opened.header, header);
  EXPECT_EQ(std::get<Heartbeat>(decode_to_gateway(opened.records)).head, 9U);
}

TEST(Frame, a_header_may_be_written_compactly_and_have_more_elements) {
  EXPECT_EQ(open_frame("\x94\x01\x05\x00\x02"s).value().header, (Header{.link = {5}, .ack = 2}));
  const std::string newer = "\x96\x01\x05\x00\x02\xc0\x91\x01\x92\x0a\x08"s;
  auto opened = open_frame(newer).value();
  EXPECT_EQ(opened.header, (Header{.link = {5}, .ack = 2}));
  EXPECT_EQ(std::get<Heartbeat>(decode_to_worker(opened.records)).head, 8U);
}

TEST(Frame, what_has_no_header_is_refused) {
  for (const auto& bytes : {""s, "hello"s, "\x93\x01\x02\x03"s, "\x94\x01\x02\x03"s, "\x94\x01\x02\x03\xc0"s, "\xc1"s})
    EXPECT_FALSE(open_frame(bytes));
}

TEST(Frame, another_version_is_refused_by_name) {
  EXPECT_NE(open_frame("\x94\x02\x05\x00\x02"s).error().message.find("version 2"), std::string::npos);
}

}  // namespace fairlead::schemas
