// A server's bytes, at a client: as in server_codec_fuzz.cpp.
#include <string>

#include "protocols/client_codec.hpp"
#include "protocols/upgrade.hpp"
#include "tests/fuzz/hearing.hpp"

namespace {

using namespace fairlead;             // NOLINT(google-build-using-namespace)
using namespace fairlead::protocols;  // NOLINT(google-build-using-namespace)

// What a server must answer to the key of the client below.
std::string agreement() {
  Random random(7);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         accept_key(make_key(random)) + "\r\n\r\n";
}

std::string heard(Kind kind, bool opened, std::string_view bytes, std::uint64_t seed) {
  ClientCodec codec(kind, {.max_message = 300}, Random(7));
  fuzz::Hearing hearing;
  codec.start(hearing);
  std::string opening = agreement();
  if (opened && kind == Kind::ws) {
    codec.feed(opening, hearing);
    FUZZ_DEMAND(codec.is_open(), "the opening is understood");
  }
  fuzz::feed_in_pieces(codec, std::string(bytes), seed, hearing, [] {});
  FUZZ_DEMAND(hearing.largest <= 300, "no message is larger than allowed");
  if (codec.is_open()) {
    std::string wire;
    codec.encode({.payload = bytes.substr(0, 100), .binary = true}, wire);
    FUZZ_DEMAND(wire.size() >= std::min<std::size_t>(bytes.size(), 100), "a message has gone onto the wire");
  }
  if (!codec.is_closed()) codec.close({close_code::going_away, "bye"}, hearing);
  return hearing.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned what = input.byte() % 4;
  const std::uint64_t seed = 2 + input.byte();
  const auto kind = static_cast<Kind>(std::min(what, 2U));
  const std::string whole = heard(kind, what == 3, input.rest(), 0);
  FUZZ_DEMAND(heard(kind, what == 3, input.rest(), seed) == whole, "the same in pieces of chance");
  FUZZ_DEMAND(heard(kind, what == 3, input.rest(), 1) == whole, "the same byte by byte");
  return 0;
}
