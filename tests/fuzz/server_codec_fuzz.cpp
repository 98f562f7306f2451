// A user's bytes: the first byte says which protocol and whether the opening is made already, the second how they are cut.
// Whatever the cuts, the same is heard, and little is kept.
#include <string>

#include "protocols/server_codec.hpp"
#include "tests/fuzz/hearing.hpp"

namespace {

using namespace fairlead;             // NOLINT(google-build-using-namespace)
using namespace fairlead::protocols;  // NOLINT(google-build-using-namespace)

constexpr std::string_view upgrade =
    "GET /ws?a=b HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

const ServerOptions options{.max_message = 300, .path = "/ws", .max_head = 1024, .max_target = 256, .max_headers = 16};
// A message, a control frame between its fragments, and the headers; or the head of a request.
constexpr std::size_t most_kept = 1024 + 256;

std::string heard(Kind kind, bool opened, std::string_view bytes, std::uint64_t seed) {
  ServerCodec codec(kind, options);
  fuzz::Hearing hearing;
  std::string opening(upgrade);
  if (opened && kind == Kind::ws) codec.feed(opening, hearing);
  fuzz::feed_in_pieces(codec, std::string(bytes), seed, hearing,
                       [&] { FUZZ_DEMAND(codec.waiting() <= most_kept, "little is kept"); });
  FUZZ_DEMAND(hearing.largest <= options.max_message, "no message is larger than allowed");
  if (!codec.is_closed()) codec.close({close_code::going_away, "bye"}, hearing);
  FUZZ_DEMAND(!codec.is_open(), "it is not open when it was closed");
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
