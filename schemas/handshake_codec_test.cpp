#include <gtest/gtest.h>

#include "schemas/codec.hpp"

namespace fairlead::schemas {

TEST(HandshakeCodec, a_handshake_comes_back_as_it_was) {
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

TEST(HandshakeCodec, a_close_reason_comes_back_as_it_was) {
  const CloseReason reason{.code = 1001, .reason = "gone"};
  EXPECT_EQ(decode_close_reason(encode(reason)).value(), reason);
}

TEST(HandshakeCodec, a_close_code_has_16_bits) {
  EXPECT_FALSE(decode_close_reason(std::string_view("\x92\xce\x00\x01\x00\x00\xa0", 7)));
}

}  // namespace fairlead::schemas
