// RedisStore is a Store on a Redis server (5 or later), shared by all workers that name it. Each call is one command or one
// script there, and so atomic. What a write survives is the server's configuration (`appendonly`, replicas); it must not
// throw entries away of its own accord (`maxmemory-policy noeviction`), or counters begin again.
#pragma once

#include "fairlead/store.hpp"

#include "store/address.hpp"
#include "store/io/redis_wire.hpp"
#include "store/io/server.hpp"

namespace fairlead::store {

class RedisStore final : public Store {
 public:
  // Opens whether there is a server or not; an Error only when the certificates cannot be read.
  static Result<std::shared_ptr<RedisStore>> open(const ServerAddress& address);

 private:
  RedisStore(const ServerAddress& address, std::shared_ptr<const TlsTrust> trust);

  Result<std::optional<std::string>> do_get(std::string_view key) override;
  Status do_set(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_add(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) override;
  Result<std::int64_t> do_incr(std::string_view key, std::int64_t by) override;
  Result<bool> do_erase(std::string_view key) override;

  // A refusal comes back as the Error that the caller is to get.
  using Reply = Result<RedisReply>;
  Reply ask(std::initializer_list<std::string_view> words);
  Reply ask_or_hear_refusal(std::initializer_list<std::string_view> words);
  Result<bool> ask_yes_or_no(std::initializer_list<std::string_view> words);
  Error declined(const RedisReply& refusal);
  Error unexpected();
  Result<std::int64_t> count_by_hand(std::string_view key, const std::string& name, std::int64_t by);

  std::string name_of(std::string_view key) const { return prefix_ + std::string(key); }

  const std::string prefix_;
  Server server_;
};

}  // namespace fairlead::store
