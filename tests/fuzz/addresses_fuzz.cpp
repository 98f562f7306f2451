// What people type: addresses, times, sizes. What was understood, written out and typed again, means the same.
#include <string>

#include "bus/endpoints.hpp"
#include "bus/ids.hpp"
#include "bus/text.hpp"
#include "protocols/ip_address.hpp"
#include "store/address.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace fairlead;  // NOLINT(google-build-using-namespace)

template <class T>
void written_as_read(Result<T> (*parse)(std::string_view), std::string_view typed) {
  const auto first = parse(typed);
  if (!first) return FUZZ_DEMAND(!first.error().message.empty(), "an error says something");
  const auto again = parse(first->text());
  FUZZ_DEMAND(again && again->text() == first->text(), "an address means what it says");
}

void check_bus(std::string_view typed) {
  written_as_read(&BusAddress::for_listen, typed);
  written_as_read(&BusAddress::for_connect, typed);
  const auto address = BusAddress::for_connect(typed);
  if (!address) return;
  for (int i = 0; i < bus_sockets; ++i)
    FUZZ_DEMAND(!address->endpoint(static_cast<BusSocket>(i)).empty(), "each socket has a place");
}

void check_values(std::string_view typed) {
  if (const auto duration = parse_duration(typed); duration && *duration >= Duration{0}) {
    const auto again = parse_duration(duration_text(*duration));
    FUZZ_DEMAND(again && *again == *duration, "a time is written as it is read");
  }
  (void)parse_size(typed);
  if (const auto bytes = from_hex(typed)) FUZZ_DEMAND(from_hex(to_hex(*bytes)).value() == *bytes, "hex is hex");
  const std::string shown = printable(typed, 60);
  FUZZ_DEMAND(shown.size() <= 70, "as long as wanted");
  for (const char c : shown) FUZZ_DEMAND(c != '\n' && c != '\r' && c != '\0' && c != '\x1b', "one printable line");
  (void)without_password(typed);
  (void)is_utf8(typed);
  if (const auto client = ClientId::parse(typed))
    FUZZ_DEMAND(ClientId::parse(client->text()).value() == *client, "an id is an id");
  if (const auto peer = protocols::Peer::parse(typed))
    FUZZ_DEMAND(protocols::Peer::parse(peer->text()) == peer, "a peer is a peer");
  if (const auto ip = protocols::IpAddress::parse(typed)) {
    FUZZ_DEMAND(protocols::IpAddress::parse(ip->text()) == ip, "an address is an address");
    (void)ip->household();
  }
  if (const auto network = protocols::IpNetwork::parse(typed))
    (void)network->contains(protocols::IpAddress::v4(192, 0, 2, 1));
}

// No Error may show a password.
void check_store(std::string_view before, std::string_view after) {
  constexpr std::string_view secret = "Xq7Zw9Kp";
  for (const std::string_view scheme : {"redis://user:", "rediss://:", "redis+unix://u:", "memcached://"}) {
    const std::string address = std::string(scheme) + std::string(before) + std::string(secret) + std::string(after);
    const bool is_memcached = scheme.starts_with("memcached");
    const auto parsed = is_memcached ? store::parse_memcached(address) : store::parse_redis(address);
    if (!parsed) FUZZ_DEMAND(!parsed.error().message.empty(), "an error says something");
    if (!parsed && after.find('@') != std::string_view::npos &&
        before.find_first_of("@/?#,") == std::string_view::npos && after.find_first_of("@/?#,") == after.find('@'))
      FUZZ_DEMAND(parsed.error().message.find(secret) == std::string::npos, "no error shows a password");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 5) {
    case 0:
      check_bus(input.rest());
      break;
    case 1:
      written_as_read(&UserEndpoint::for_listen, input.rest());
      written_as_read(&UserEndpoint::for_connect, input.rest());
      break;
    case 2:
      check_values(input.rest());
      break;
    case 3:
      (void)store::parse_redis(input.rest());
      (void)store::parse_memcached(input.rest());
      break;
    default: {
      const std::string_view before = input.text();
      check_store(before, input.rest());
    }
  }
  return 0;
}
