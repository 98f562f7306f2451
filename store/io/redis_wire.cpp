#include "store/io/redis_wire.hpp"

#include <utility>
#include <vector>

#include <hiredis.h>

#include "fairlead/store.hpp"

#include "bus/text.hpp"

namespace fairlead::store {
namespace {

constexpr std::size_t longest_reply = Store::max_value + 4096;

Error no_redis(std::string_view came) {
  return Error{"what came is not Redis' protocol: '" + printable(came, 40) + "'"};
}

Result<RedisReply> to_reply(const redisReply& raw) {
  switch (raw.type) {
    case REDIS_REPLY_NIL:
      return RedisReply{};
    case REDIS_REPLY_INTEGER:
      return RedisReply{.kind = RedisReply::Kind::number, .text = {}, .number = raw.integer};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return RedisReply{.kind = RedisReply::Kind::text, .text = {raw.str, raw.len}};
    case REDIS_REPLY_ERROR:
      return RedisReply{.kind = RedisReply::Kind::refusal, .text = {raw.str, raw.len}};
    default:
      return Error{"an answer of a kind that was not asked for"};
  }
}

}  // namespace

std::string redis_command(std::initializer_list<std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* raw = nullptr;
  const int size = redisFormatCommandArgv(&raw, static_cast<int>(texts.size()), texts.data(), sizes.data());
  FAIRLEAD_CHECK(size >= 0, "no memory for a command");
  std::string command(raw, static_cast<std::size_t>(size));
  redisFreeCommand(raw);
  return command;
}

RedisReplyReader::RedisReplyReader() : reader_(redisReaderCreate(), redisReaderFree) {
  FAIRLEAD_CHECK(reader_ != nullptr, "no memory for a reply");
}

Result<std::optional<RedisReply>> RedisReplyReader::take(std::string_view bytes) {
  if (bytes.empty()) return std::optional<RedisReply>();
  // Lists are never asked for, and would make hiredis reserve what their head announces.
  if (total_ == 0 && std::string_view("+-:$").find(bytes.front()) == std::string_view::npos) return no_redis(bytes);
  total_ += bytes.size();
  if (total_ > longest_reply) return Error{"it answers with more than a value may have"};
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return no_redis(bytes);
  if (raw == nullptr) return std::optional<RedisReply>();
  const std::unique_ptr<void, void (*)(void*)> owned(raw, freeReplyObject);
  if (reader_->pos != reader_->len) return Error{"more answers came than questions were asked"};
  auto reply = to_reply(*static_cast<const redisReply*>(raw));
  if (!reply) return reply.error();
  return std::optional(std::move(*reply));
}

Result<RedisReply> ask_redis(Connection& connection, std::initializer_list<std::string_view> words, Instant deadline) {
  if (auto sent = connection.send(redis_command(words), deadline); !sent) return sent.error();
  RedisReplyReader reader;
  std::string came;
  while (true) {
    came.clear();
    if (auto received = connection.receive(came, deadline); !received) return received.error();
    auto reply = reader.take(came);
    if (!reply) return reply.error();
    if (*reply) return std::move(**reply);
  }
}

}  // namespace fairlead::store
