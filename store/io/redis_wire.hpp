// One command and its answer, in Redis' words (RESP 2): hiredis writes and reads them, and sees no socket. An Error of
// `ask` means that the connection is good for nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/io/connection.hpp"

struct redisReader;

namespace fairlead::store {

struct RedisReply {
  enum class Kind : std::uint8_t { nothing, text, number, refusal };
  Kind kind = Kind::nothing;
  std::string text;  // of a text or a refusal
  std::int64_t number = 0;
};

// One answer, out of bytes that come in any pieces; what a server may make it keep is bounded. After an answer or an Error it is done.
class RedisReplyReader {
 public:
  RedisReplyReader();

  // Nothing when the answer is not whole yet.
  Result<std::optional<RedisReply>> take(std::string_view bytes);

 private:
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  std::size_t total_ = 0;
};

std::string redis_command(std::initializer_list<std::string_view> words);

Result<RedisReply> ask_redis(Connection& connection, std::initializer_list<std::string_view> words, Instant deadline);

}  // namespace fairlead::store
