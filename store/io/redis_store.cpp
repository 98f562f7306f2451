#include "store/io/redis_store.hpp"

#include "bus/text.hpp"
#include "store/entry.hpp"

namespace fairlead::store {
namespace {

// KEYS[1] holds ARGV[1]: it shall hold ARGV[2], for ARGV[3] ms, for ever when that is 0, as long as before when it is -1.
constexpr std::string_view swap_script = R"(
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
local ttl = tonumber(ARGV[3])
if ttl < 0 then ttl = redis.call('pttl', KEYS[1]) end
if ttl > 0 then redis.call('set', KEYS[1], ARGV[2], 'px', ttl) else redis.call('set', KEYS[1], ARGV[2]) end
return 1)";
constexpr std::string_view as_before = "-1";

// The address may lead to another server by now, which a connection that is kept would never find out.
bool no_longer_ours(std::string_view refusal) {
  return refusal.starts_with("READONLY") || refusal.starts_with("LOADING") || refusal.starts_with("MASTERDOWN") ||
         refusal.starts_with("NOAUTH");
}

Server::Talk greeting(const ServerAddress& address) {
  return [user = address.user, password = address.password, database = std::to_string(address.database)](
             Connection& connection, Instant deadline) -> Status {
    const auto say = [&](std::initializer_list<std::string_view> words, const std::string& refused) -> Status {
      auto reply = ask_redis(connection, words, deadline);
      if (!reply) return Error{"does not answer as a Redis server: " + reply.error().message};
      if (reply->kind != RedisReply::Kind::refusal) return Nothing{};
      if (reply->text.starts_with("NOAUTH")) {
        return Error{"wants a password; put it into the address, as in redis://:password@host"};
      }
      return Error{refused + ": " + printable(reply->text, 120)};
    };
    if (!password.empty()) {
      const std::string refused = "refuses the password in the store's address";
      auto said = user.empty() ? say({"AUTH", password}, refused) : say({"AUTH", user, password}, refused);
      if (!said) return said;
    }
    if (auto said = say({"SELECT", database}, "refuses database " + database); !said) return said;
    return say({"PING"}, "is not ready");
  };
}

}  // namespace

Result<std::shared_ptr<RedisStore>> RedisStore::open(const ServerAddress& address) {
  std::shared_ptr<const TlsTrust> trust;
  if (address.tls) {
    auto loaded = TlsTrust::load(address.ca);
    if (!loaded) return loaded.error();
    trust = std::move(*loaded);
  }
  std::shared_ptr<RedisStore> store(new RedisStore(address, std::move(trust)));
  store->server_.try_out();
  return store;
}

RedisStore::RedisStore(const ServerAddress& address, std::shared_ptr<const TlsTrust> trust)
    : prefix_(address.prefix),
      server_({.kind = "redis",
               .place = address.places.front(),
               .timeout = address.timeout,
               .trust = std::move(trust),
               .greet = greeting(address)},
              {.failures = tally().failures, .reconnects = tally().reconnects}) {}

Result<std::optional<std::string>> RedisStore::do_get(std::string_view key) {
  auto reply = ask({"GET", name_of(key)});
  if (!reply) return reply.error();
  if (reply->kind == RedisReply::Kind::nothing) return std::optional<std::string>();
  if (reply->kind != RedisReply::Kind::text) return unexpected();
  return std::optional(std::move(reply->text));
}

Status RedisStore::do_set(std::string_view key, std::string_view value, Ttl ttl) {
  const std::string name = name_of(key);
  auto reply =
      ttl == forever ? ask({"SET", name, value}) : ask({"SET", name, value, "PX", std::to_string(ttl.count())});
  if (!reply) return reply.error();
  return Nothing{};
}

Result<bool> RedisStore::do_add(std::string_view key, std::string_view value, Ttl ttl) {
  const std::string name = name_of(key);
  auto reply = ttl == forever ? ask({"SET", name, value, "NX"})
                              : ask({"SET", name, value, "NX", "PX", std::to_string(ttl.count())});
  if (!reply) return reply.error();
  return reply->kind != RedisReply::Kind::nothing;
}

Result<bool> RedisStore::do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) {
  return ask_yes_or_no({"EVAL", swap_script, "1", name_of(key), expected, value, std::to_string(ttl.count())});
}

Result<std::int64_t> RedisStore::do_incr(std::string_view key, std::int64_t by) {
  const std::string name = name_of(key);
  auto reply = ask_or_hear_refusal({"INCRBY", name, std::to_string(by)});
  if (!reply) return reply.error();
  if (reply->kind == RedisReply::Kind::number) return reply->number;
  if (reply->kind != RedisReply::Kind::refusal) return unexpected();
  return reply->text.starts_with("ERR ") ? count_by_hand(key, name, by) : declined(*reply);
}

// Redis is stricter than we are about what a number is ("007"). What it refuses is judged by our own rules, which also
// have the words for what is really none.
Result<std::int64_t> RedisStore::count_by_hand(std::string_view key, const std::string& name, std::int64_t by) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    auto held = ask({"GET", name});
    if (!held) return held.error();
    const bool there = held->kind == RedisReply::Kind::text;
    auto total = sum(key, there ? held->text : "0", by);
    if (!total) return total;
    const std::string text = std::to_string(*total);
    auto written = there ? ask_yes_or_no({"EVAL", swap_script, "1", name, held->text, text, as_before})
                         : do_add(key, text, forever);
    if (!written) return written.error();
    if (*written) return total;
  }
  return Error{"'" + std::string(key) + "' is being changed by too many at once; try again"};
}

Result<bool> RedisStore::do_erase(std::string_view key) { return ask_yes_or_no({"DEL", name_of(key)}); }

Result<bool> RedisStore::ask_yes_or_no(std::initializer_list<std::string_view> words) {
  auto reply = ask(words);
  if (!reply) return reply.error();
  if (reply->kind != RedisReply::Kind::number) return unexpected();
  return reply->number > 0;
}

RedisStore::Reply RedisStore::ask(std::initializer_list<std::string_view> words) {
  auto reply = ask_or_hear_refusal(words);
  if (!reply || reply->kind != RedisReply::Kind::refusal) return reply;
  return declined(*reply);
}

RedisStore::Reply RedisStore::ask_or_hear_refusal(std::initializer_list<std::string_view> words) {
  Reply reply = RedisReply{};
  auto called = server_.call([&](Connection& connection, Instant deadline) -> Status {
    reply = ask_redis(connection, words, deadline);
    if (!reply) return reply.error();
    if (reply->kind == RedisReply::Kind::refusal && no_longer_ours(reply->text)) connection.end();
    return Nothing{};
  });
  if (!called) return called.error();
  return reply;
}

Error RedisStore::declined(const RedisReply& refusal) {
  const std::string said = printable(refusal.text, 160);
  // The application's keys meet somebody else's: no failure of the server.
  if (refusal.text.starts_with("WRONGTYPE"))
    return Error{server_.name() + " keeps something else than a value there: " + said};
  return server_.refused("refuses: " + said);
}

Error RedisStore::unexpected() { return server_.refused("answers with something else than was asked for"); }

}  // namespace fairlead::store
