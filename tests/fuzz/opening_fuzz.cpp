// What stands before a conversation: HTTP heads and what is made of them, query strings and cookies, the header of the PROXY protocol,
// forwarded addresses.
#include <optional>
#include <string>

#include "bus/random.hpp"
#include "protocols/forwarded.hpp"
#include "protocols/http_reader.hpp"
#include "protocols/proxy_header.hpp"
#include "protocols/upgrade.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace fairlead;             // NOLINT(google-build-using-namespace)
using namespace fairlead::protocols;  // NOLINT(google-build-using-namespace)

// Feeds pieces of chance until the reader has had enough; answers how many bytes it took.
template <class Reader, class Done>
std::size_t feed(Reader& reader, std::string_view bytes, std::uint64_t seed, Done done) {
  Random random(seed);
  std::size_t taken = 0;
  while (taken < bytes.size() && !done()) {
    const std::string_view piece = bytes.substr(taken, seed == 0 ? bytes.size() : 1 + random.below(40));
    const std::size_t used = reader.feed(piece);
    FUZZ_DEMAND(used <= piece.size(), "no more is taken than was given");
    taken += used;
    FUZZ_DEMAND(used == piece.size() || done(), "bytes are left only behind the end");
  }
  return taken;
}

void check_head(HttpReader::Side side, std::string_view bytes, std::uint64_t seed) {
  const HttpLimits limits{.max_head = 1024, .max_target = 256, .max_headers = 16};
  std::optional<std::size_t> ends;
  for (const std::uint64_t cuts : {std::uint64_t{0}, seed}) {
    HttpReader reader(side, limits);
    const std::size_t taken =
        feed(reader, bytes, cuts, [&] { return reader.is_complete() || reader.fault().has_value(); });
    FUZZ_DEMAND(!(reader.is_complete() && reader.fault()), "complete or faulty");
    const std::size_t end = reader.is_complete() ? taken : bytes.size() + 1;
    FUZZ_DEMAND(!ends || (*ends == end), "the head ends where it ends, whatever the pieces");
    ends = end;
    if (!reader.is_complete()) continue;
    FUZZ_DEMAND(taken <= limits.max_head && reader.head().headers.size() <= limits.max_headers, "within the limits");
    if (side == HttpReader::Side::response) {
      (void)judge_response(std::move(reader.head()), "dGhlIHNhbXBsZSBub25jZQ==");
      continue;
    }
    const ServerOptions options{.path = "/ws", .origins = {"https://example.org"}};
    const Verdict verdict = judge_request(std::move(reader.head()), options);
    if (const auto* refusal = std::get_if<Refusal>(&verdict))
      FUZZ_DEMAND(refusal->reply.starts_with("HTTP/1.1 "), "a refusal is an answer");
    if (const auto* taken_up = std::get_if<Upgrade>(&verdict))
      FUZZ_DEMAND(taken_up->reply.find("\r\n\r\n") == taken_up->reply.size() - 4, "nobody writes our headers");
  }
}

void check_proxy(std::string_view bytes, std::uint64_t seed) {
  std::string said;
  for (const std::uint64_t cuts : {std::uint64_t{0}, seed}) {
    ProxyHeader header;
    const std::size_t taken = feed(header, bytes, cuts, [&] { return header.complete() || !header.fault().empty(); });
    FUZZ_DEMAND(!header.complete() || taken <= ProxyHeader::max_size, "a header has an end");
    std::string now = header.complete() ? "complete " + std::to_string(taken) : header.fault();
    if (header.source()) {
      FUZZ_DEMAND(Peer::parse(header.source()->text()) == header.source(), "an address is written as it is read");
      now += header.source()->text();
    }
    FUZZ_DEMAND(said.empty() || said == now, "the same is understood, whatever the pieces");
    said = now;
  }
  ProxyHeaderDetector whole;
  ProxyHeaderDetector pieces;
  auto verdict = ProxyHeaderDetector::Verdict::perhaps;
  for (const char& byte : bytes) {
    if (verdict == ProxyHeaderDetector::Verdict::perhaps) verdict = pieces.feed({&byte, 1});
  }
  if (!bytes.empty()) FUZZ_DEMAND(whole.feed(bytes) == verdict, "a header is detected, whatever the pieces");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned what = input.byte() % 6;
  const std::uint64_t seed = 1 + input.byte();
  const auto trusted = [](const IpAddress& address) { return address.bytes()[15] < 128; };
  switch (what) {
    case 0:
      check_head(HttpReader::Side::request, input.rest(), seed);
      break;
    case 1:
      check_head(HttpReader::Side::response, input.rest(), seed);
      break;
    case 2:
      check_proxy(input.rest(), seed);
      break;
    case 3:
    case 4: {
      const auto peer =
          forwarded_for(what == 3 ? ForwardedBy::x_forwarded_for : ForwardedBy::forwarded, input.rest(), trusted);
      if (peer) FUZZ_DEMAND(Peer::parse(peer->text()) == peer, "an address is written as it is read");
      break;
    }
    default:
      (void)parse_query(input.rest());
      (void)parse_cookies(input.rest());
  }
  return 0;
}
