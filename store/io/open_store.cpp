#include <algorithm>
#include <array>

#include "fairlead/store.hpp"

#include "bus/text.hpp"
#include "store/address.hpp"
#include "store/io/lmdb_store.hpp"
#include "store/io/memcached_store.hpp"
#include "store/io/redis_store.hpp"
#include "store/memory_store.hpp"

namespace fairlead {
namespace {

WallTime now_by_the_wall() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// One `name=value` of what follows the question mark.
Status apply(std::string_view setting, store::LmdbOptions& options) {
  const auto equals = setting.find('=');
  const std::string_view name = setting.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view{} : setting.substr(equals + 1);
  if (name == "sync") {
    if (value != "process" && value != "os") {
      return Error{"sync=" + printable(value) + " is neither sync=process nor sync=os"};
    }
    options.sync = value == "os" ? store::Sync::os : store::Sync::process;
    return Nothing{};
  }
  if (name == "map") {
    auto size = parse_size(value);
    if (!size) return size.error();
    static constexpr std::uint64_t least = 1U << 20U;
    static constexpr std::uint64_t most = std::uint64_t{1} << 40U;
    if (*size < least || *size > most) return Error{"map=" + printable(value) + " is not between 1M and 1024G"};
    options.map_size = *size / 4096 * 4096;
    options.max_map_size = options.map_size * 16;
    return Nothing{};
  }
  return Error{"'" + printable(name) + "' is no setting of an lmdb store; there are sync and map"};
}

Result<store::LmdbOptions> parse_lmdb(std::string_view spec) {
  const std::string_view rest = spec.substr(std::string_view("lmdb:").size());
  const auto question = rest.find('?');
  store::LmdbOptions options{.directory = std::string(rest.substr(0, question))};
  if (options.directory.empty()) return Error{"lmdb: needs a directory, as in lmdb:/var/lib/fairlead/store"};
  std::string_view settings = question == std::string_view::npos ? std::string_view{} : rest.substr(question + 1);
  while (!settings.empty()) {
    const auto end = std::min(settings.find('&'), settings.size());
    if (auto applied = apply(settings.substr(0, end), options); !applied) return applied.error();
    settings.remove_prefix(std::min(end + 1, settings.size()));
  }
  return options;
}

struct Memory {};

Result<Memory> parse_memory(std::string_view spec) {
  if (spec != "memory:") return Error{"nothing may follow memory:"};
  return Memory{};
}

using Opened = Result<std::shared_ptr<Store>>;

template <class Backend>
Opened as_store(Result<std::shared_ptr<Backend>> opened) {
  if (!opened) return opened.error();
  return std::shared_ptr<Store>(std::move(*opened));
}

Opened open_memory(const Memory& /*address*/, const WallClock& clock) {
  return std::shared_ptr<Store>(std::make_shared<store::MemoryStore>(clock));
}
Opened open_lmdb(const store::LmdbOptions& address, const WallClock& clock) {
  return as_store(store::LmdbStore::open(address, clock));
}
Opened open_redis(const store::ServerAddress& address, const WallClock& /*clock*/) {
  return as_store(store::RedisStore::open(address));
}
Opened open_memcached(const store::ServerAddress& address, const WallClock& clock) {
  return as_store(store::MemcachedStore::open(address, clock));
}

// What remains to be done once an address has been understood.
using Opener = std::function<Opened(const WallClock& clock)>;

template <class Address, class Open>
Result<Opener> opener(Result<Address> address, Open open) {
  if (!address) return address.error();
  return Opener([address = std::move(*address), open](const WallClock& clock) { return open(address, clock); });
}

Result<Opener> understand(std::string_view spec) {
  const auto colon = spec.find(':');
  const std::string_view kind = colon == std::string_view::npos ? std::string_view{} : spec.substr(0, colon);
  if (kind == "lmdb") return opener(parse_lmdb(spec), open_lmdb);
  if (kind == "memory") return opener(parse_memory(spec), open_memory);
  if (kind == "redis" || kind == "rediss" || kind == "redis+unix") return opener(store::parse_redis(spec), open_redis);
  if (kind == "memcached" || kind == "memcached+unix") return opener(store::parse_memcached(spec), open_memcached);
  return Error{"it is of no known kind; there are lmdb:DIR, redis://HOST, memcached://HOST and memory:"};
}

// With slashes forgotten it is no address, but its password is still one.
std::string shown(std::string_view spec) {
  const bool hides = spec.find('@') != std::string_view::npos && spec.find("://") == std::string_view::npos;
  if (hides && !spec.starts_with("lmdb:")) return printable(spec.substr(0, spec.find_first_of(":/@"))) + "***";
  return printable(without_password(spec));
}

Error about(std::string_view spec, const Error& error) {
  return Error{"store '" + shown(spec) + "': " + error.message};
}

}  // namespace

Status check_store(std::string_view spec) {
  if (auto understood = understand(spec); !understood) return about(spec, understood.error());
  return Nothing{};
}

Result<std::shared_ptr<Store>> open_store(std::string_view spec) { return open_store(spec, now_by_the_wall); }

Result<std::shared_ptr<Store>> open_store(std::string_view spec, const WallClock& clock) {
  auto understood = understand(spec);
  if (!understood) return about(spec, understood.error());
  auto opened = (*understood)(clock);
  if (!opened) return about(spec, opened.error());
  return opened;
}

}  // namespace fairlead
