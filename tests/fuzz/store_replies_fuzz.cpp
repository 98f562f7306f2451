// What a Redis or memcached server says: any bytes, in any pieces, are an answer, not one yet, or an Error.
#include <optional>
#include <string>
#include <vector>

#include "bus/random.hpp"
#include "store/entry.hpp"
#include "store/io/redis_wire.hpp"
#include "store/memcached_text.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace fairlead;         // NOLINT(google-build-using-namespace)
using namespace fairlead::store;  // NOLINT(google-build-using-namespace)

std::string describe(const MemcachedReply& reply) {
  if (!reply.entry) return reply.line;
  return reply.entry->value + ' ' + std::to_string(reply.entry->ends) + ' ' + std::to_string(reply.entry->version);
}

std::size_t piece(Random& random, std::uint64_t seed, std::size_t left) {
  return seed == 0 ? left : std::min<std::size_t>(left, 1 + random.below(20));
}

std::vector<std::string> memcached_says(std::string_view bytes, std::uint64_t seed) {
  std::vector<std::string> heard;
  Random random(seed);
  std::string came;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = piece(random, seed, bytes.size() - at);
    came += bytes.substr(at, size);
    at += size;
    while (true) {
      const std::size_t before = came.size();
      auto reply = take_memcached_reply(came);
      if (!reply) {
        heard.emplace_back("an error");  // it may name more or less of what came
        return heard;
      }
      if (!*reply) break;
      FUZZ_DEMAND(came.size() < before, "an answer takes bytes");
      heard.push_back(describe(**reply));
    }
  }
  return heard;
}

std::string redis_says(std::string_view bytes, std::uint64_t seed) {
  Random random(seed);
  RedisReplyReader reader;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = piece(random, seed, bytes.size() - at);
    auto reply = reader.take(bytes.substr(at, size));
    at += size;
    if (!reply) return "an error";
    if (!*reply) continue;
    if (at < bytes.size()) return "an error";  // more than one answer: seen at once when it comes at once
    return std::to_string(static_cast<int>((*reply)->kind)) + (*reply)->text + std::to_string((*reply)->number);
  }
  return "nothing yet";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const unsigned what = input.byte() % 3;
  const std::uint64_t seed = 1 + input.byte();
  if (what == 0)
    FUZZ_DEMAND(memcached_says(input.rest(), 0) == memcached_says(input.rest(), seed), "the same in any pieces");
  if (what == 1) FUZZ_DEMAND(redis_says(input.rest(), 0) == redis_says(input.rest(), seed), "the same in any pieces");
  if (what == 2) {
    const std::int64_t by = static_cast<std::int64_t>(input.below(65536)) - 32768;
    const auto total = sum("key", input.rest(), by);
    if (total) FUZZ_DEMAND(sum("key", std::to_string(*total), 0).value() == *total, "a sum is a number");
  }
  return 0;
}
