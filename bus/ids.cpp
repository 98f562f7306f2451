#include "bus/ids.hpp"

#include "bus/text.hpp"

namespace fairlead {
namespace {

void put(char* out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i, value >>= 8U) out[i] = static_cast<char>(value & 0xffU);
}

std::uint64_t take(std::string_view in) {
  std::uint64_t value = 0;
  for (const char c : in) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

void ClientId::encode_to(char* out) const {
  put(out, shard, 2);
  put(out + 2, gateway.value, 8);
  put(out + 10, counter, 6);
}

std::string ClientId::encode() const {
  std::string out(bytes, '\0');
  encode_to(out.data());
  return out;
}

Result<ClientId> ClientId::decode(std::string_view in) {
  if (in.size() != bytes) return Error{"a client id is 16 bytes, not " + std::to_string(in.size())};
  return ClientId{.shard = static_cast<std::uint16_t>(take(in.substr(0, 2))),
                  .gateway = {take(in.substr(2, 8))},
                  .counter = take(in.substr(10, 6))};
}

std::string ClientId::text() const { return to_hex(encode()); }

Result<ClientId> ClientId::parse(std::string_view hex) {
  auto raw = from_hex(hex);
  if (!raw || raw->size() != bytes)
    return Error{"a client id is 32 hex digits, not '" + std::string(hex.substr(0, 64)) + "'"};
  return decode(*raw);
}

std::string text(Incarnation incarnation) {
  char raw[8];
  put(raw, incarnation.value, 8);
  return to_hex({raw, sizeof raw});
}

}  // namespace fairlead
