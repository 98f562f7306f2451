#include <gtest/gtest.h>

#include "schemas/codec.hpp"

namespace fairlead::schemas {

TEST(PayloadCodec, a_handshake_comes_back_as_it_was) {
  const Handshake handshake{.peer = "192.0.2.7:5123",
                            .listener = "ws://0.0.0.0:8080/ws",
                            .path = "/ws",
                            .query = {{"room", "a b"}, {"room", ""}},
                            .headers = {{"host", "example.org"}},
                            .cookies = {{"id", "7"}}};
  EXPECT_EQ(decode_handshake(encode(handshake)).value(), handshake);
  const std::string bytes = encode(handshake);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_handshake(bytes.substr(0, size)));
}

TEST(PayloadCodec, a_close_reason_comes_back_as_it_was) {
  const CloseReason reason{.code = 1001, .reason = "gone"};
  EXPECT_EQ(decode_close_reason(encode(reason)).value(), reason);
}

TEST(PayloadCodec, a_timer_comes_back_as_it_was) {
  const TimerFired timer{.name = "tick", .payload = std::string("\0\xff", 2)};
  const std::string bytes = encode(timer);
  EXPECT_EQ(decode_timer_fired(bytes).value(), timer);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_timer_fired(bytes.substr(0, size)));
}

TEST(PayloadCodec, a_change_of_a_group_comes_back_as_it_was) {
  const GroupChange change{.group = "room", .joined = true, .size = 70000};
  const std::string bytes = encode(change);
  EXPECT_EQ(decode_group_change(bytes).value(), change);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_group_change(bytes.substr(0, size)));
}

TEST(PayloadCodec, a_close_code_has_16_bits) {
  EXPECT_FALSE(decode_close_reason(std::string_view("\x92\xce\x00\x01\x00\x00\xa0", 7)));
}

}  // namespace fairlead::schemas
