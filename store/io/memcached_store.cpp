#include "store/io/memcached_store.hpp"

#include "bus/io/clock.hpp"
#include "bus/text.hpp"
#include "store/entry.hpp"

namespace fairlead::store {
namespace {

Result<MemcachedReply> ask(Connection& connection, std::string_view request, Instant deadline) {
  if (auto sent = connection.send(request, deadline); !sent) return sent.error();
  std::string came;
  while (true) {
    if (auto received = connection.receive(came, deadline); !received) return received.error();
    auto reply = take_memcached_reply(came);
    if (!reply) return reply.error();
    if (!*reply) continue;
    if (!came.empty()) return Error{"more answers came than questions were asked"};
    return std::move(**reply);
  }
}

Status greet(Connection& connection, Instant deadline) {
  auto reply = ask(connection, "version\r\n", deadline);
  if (!reply) return Error{"does not answer as a memcached server: " + reply.error().message};
  if (!reply->line.starts_with("VERSION ")) return Error{"does not say its version: " + printable(reply->line, 120)};
  return Nothing{};
}

}  // namespace

class MemcachedStore::Talk {
 public:
  Talk(std::string_view key, std::string name, Connection& connection, Instant deadline)
      : key_(key), name_(std::move(name)), connection_(connection), deadline_(deadline) {}

  // The entry, if there is one that is not over. `leftover_` remembers one that is over and still there.
  Result<std::optional<MemcachedEntry>> load(WallTime now) {
    auto reply = hear(memcached_get(name_));
    if (!reply) return reply.error();
    leftover_.reset();
    if (!reply->entry) {
      if (reply->line == "END") return std::optional<MemcachedEntry>();
      return refuse(*reply);
    }
    if (!memcached_is_over(reply->entry->ends, now)) return std::move(reply->entry);
    leftover_ = reply->entry->version;
    return std::optional<MemcachedEntry>();
  }

  Result<bool> set(std::string_view value, std::uint32_t ends, WallTime now) {
    return write(memcached_write("set", name_, value, ends, now));
  }

  // Where load() has found nothing. False when something is there by now.
  Result<bool> add(std::string_view value, std::uint32_t ends, WallTime now) {
    if (leftover_) return replace(*leftover_, value, ends, now);
    return write(memcached_write("add", name_, value, ends, now));
  }

  Result<bool> replace(std::uint64_t version, std::string_view value, std::uint32_t ends, WallTime now) {
    return write(memcached_write("cas", name_, value, ends, now, version));
  }

  Result<bool> erase() {
    auto reply = hear(memcached_erase(name_));
    if (!reply) return reply.error();
    if (reply->line == "DELETED") return true;
    if (reply->line == "NOT_FOUND") return false;
    return refuse(*reply);
  }

  // Whether a write that came too late may be tried again.
  bool again() {
    if (io::now() < deadline_) return true;
    crowded_ = true;
    return false;
  }

  // For whom the call is; and after an Error of the others, whether it is the connection that failed.
  std::string_view key() const { return key_; }
  const std::optional<std::string>& refusal() const { return refusal_; }
  bool crowded() const { return crowded_; }

 private:
  Result<MemcachedReply> hear(std::string_view request) { return ask(connection_, request, deadline_); }

  Result<bool> write(const std::string& request) {
    auto reply = hear(request);
    if (!reply) return reply.error();
    if (reply->line == "STORED") return true;
    if (reply->line == "NOT_STORED" || reply->line == "EXISTS" || reply->line == "NOT_FOUND") return false;
    return refuse(*reply);
  }

  // A server that refuses a value may still take its bytes for commands: the connection is given up.
  Error refuse(const MemcachedReply& reply) {
    connection_.end();
    const bool large = reply.line.find("too large") != std::string::npos;
    refusal_ = "refuses: " + printable(reply.line, 120) + (large ? "; start it with -I 2m" : "");
    return Error{*refusal_};
  }

  const std::string_view key_;
  const std::string name_;
  Connection& connection_;
  const Instant deadline_;
  std::optional<std::uint64_t> leftover_;
  std::optional<std::string> refusal_;
  bool crowded_ = false;
};

Result<std::shared_ptr<MemcachedStore>> MemcachedStore::open(const ServerAddress& address, WallClock clock) {
  auto ring = MemcachedRing::of(address.places);
  if (!ring) return ring.error();
  std::shared_ptr<MemcachedStore> store(new MemcachedStore(address, std::move(*ring), std::move(clock)));
  for (const auto& server : store->servers_) server->try_out();
  return store;
}

MemcachedStore::MemcachedStore(const ServerAddress& address, MemcachedRing ring, WallClock clock)
    : prefix_(address.prefix), ring_(std::move(ring)), clock_(std::move(clock)) {
  for (const Place& place : address.places) {
    servers_.push_back(std::make_unique<Server>(
        Server::Settings{
            .kind = "memcached", .place = place, .timeout = address.timeout, .trust = nullptr, .greet = greet},
        Server::Tally{.failures = tally().failures, .reconnects = tally().reconnects}));
  }
}

Status MemcachedStore::talk(std::string_view key, const std::function<Status(Talk&)>& body) {
  std::string name = memcached_name(prefix_, key);
  Server& server = *servers_[ring_.place_of(name)];
  std::optional<Error> declined;  // by a server that is well
  auto called = server.call([&](Connection& connection, Instant deadline) -> Status {
    Talk talk(key, name, connection, deadline);
    auto done = body(talk);
    if (done) return done;
    if (talk.refusal()) {
      declined = server.refused(*talk.refusal());
    } else if (talk.crowded()) {
      declined = Error{"'" + std::string(key) + "' is being changed by too many at once; try again"};
    } else {
      return done;
    }
    return Nothing{};
  });
  if (called && declined) return *declined;
  return called;
}

Result<std::optional<std::string>> MemcachedStore::do_get(std::string_view key) {
  std::optional<std::string> answer;
  auto done = talk(key, [&](Talk& talk) -> Status {
    auto entry = talk.load(clock_());
    if (!entry) return entry.error();
    if (*entry) answer = std::move((*entry)->value);
    return Nothing{};
  });
  if (!done) return done.error();
  return answer;
}

Status MemcachedStore::do_set(std::string_view key, std::string_view value, Ttl ttl) {
  const WallTime now = clock_();
  return talk(key, [&](Talk& talk) -> Status {
    auto stored = talk.set(value, memcached_end(now, ttl), now);
    if (!stored) return stored.error();
    return Nothing{};
  });
}

Result<bool> MemcachedStore::do_add(std::string_view key, std::string_view value, Ttl ttl) {
  bool added = false;
  auto done = talk(key, [&](Talk& talk) -> Status {
    do {
      const WallTime now = clock_();
      auto entry = talk.load(now);
      if (!entry) return entry.error();
      if (*entry) return Nothing{};
      auto stored = talk.add(value, memcached_end(now, ttl), now);
      if (!stored) return stored.error();
      added = *stored;
    } while (!added && talk.again());
    return added ? Status(Nothing{}) : Error{"crowded"};
  });
  if (!done) return done.error();
  return added;
}

Result<bool> MemcachedStore::do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) {
  bool swapped = false;
  auto done = talk(key, [&](Talk& talk) -> Status {
    do {
      const WallTime now = clock_();
      auto entry = talk.load(now);
      if (!entry) return entry.error();
      if (!*entry || (*entry)->value != expected) return Nothing{};
      auto stored = talk.replace((*entry)->version, value, memcached_end(now, ttl), now);
      if (!stored) return stored.error();
      swapped = *stored;
    } while (!swapped && talk.again());
    return swapped ? Status(Nothing{}) : Error{"crowded"};
  });
  if (!done) return done.error();
  return swapped;
}

Result<std::int64_t> MemcachedStore::do_incr(std::string_view key, std::int64_t by) {
  Result<std::int64_t> total = std::int64_t{0};
  auto done = talk(key, [&](Talk& talk) -> Status {
    bool written = false;
    do {
      const WallTime now = clock_();
      auto entry = talk.load(now);
      if (!entry) return entry.error();
      const bool there = entry->has_value();
      total = sum(key, there ? (*entry)->value : "0", by);
      if (!total) return Nothing{};
      const std::string text = std::to_string(*total);
      auto stored = there ? talk.replace((*entry)->version, text, (*entry)->ends, now) : talk.add(text, 0, now);
      if (!stored) return stored.error();
      written = *stored;
    } while (!written && talk.again());
    return written ? Status(Nothing{}) : Error{"crowded"};
  });
  if (!done) return done.error();
  return total;
}

Result<bool> MemcachedStore::do_erase(std::string_view key) {
  bool erased = false;
  auto done = talk(key, [&](Talk& talk) -> Status {
    auto entry = talk.load(clock_());
    if (!entry) return entry.error();
    if (!*entry) return Nothing{};
    auto answer = talk.erase();
    if (!answer) return answer.error();
    erased = *answer;
    return Nothing{};
  });
  if (!done) return done.error();
  return erased;
}

}  // namespace fairlead::store
