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

Result<std::shared_ptr<Store>> open_lmdb(std::string_view rest, WallClock clock) {
  const auto question = rest.find('?');
  store::LmdbOptions options{.directory = std::string(rest.substr(0, question))};
  if (options.directory.empty()) return Error{"lmdb: needs a directory, as in lmdb:/var/lib/fairlead/store"};
  std::string_view settings = question == std::string_view::npos ? std::string_view{} : rest.substr(question + 1);
  while (!settings.empty()) {
    const auto end = std::min(settings.find('&'), settings.size());
    if (auto applied = apply(settings.substr(0, end), options); !applied) return applied.error();
    settings.remove_prefix(std::min(end + 1, settings.size()));
  }
  auto opened = store::LmdbStore::open(std::move(options), std::move(clock));
  if (!opened) return opened.error();
  return std::shared_ptr<Store>(std::move(*opened));
}

Result<std::shared_ptr<Store>> open_redis(std::string_view spec) {
  auto address = store::parse_redis(spec);
  if (!address) return address.error();
  auto opened = store::RedisStore::open(*address);
  if (!opened) return opened.error();
  return std::shared_ptr<Store>(std::move(*opened));
}

Result<std::shared_ptr<Store>> open_memcached(std::string_view spec, WallClock clock) {
  auto address = store::parse_memcached(spec);
  if (!address) return address.error();
  auto opened = store::MemcachedStore::open(*address, std::move(clock));
  if (!opened) return opened.error();
  return std::shared_ptr<Store>(std::move(*opened));
}

Result<std::shared_ptr<Store>> open_memory(std::string_view rest, WallClock clock) {
  if (!rest.empty()) return Error{"nothing may follow memory:"};
  return std::shared_ptr<Store>(std::make_shared<store::MemoryStore>(std::move(clock)));
}

Result<std::shared_ptr<Store>> open_kind(std::string_view spec, WallClock clock) {
  const auto colon = spec.find(':');
  const std::string_view kind = colon == std::string_view::npos ? std::string_view{} : spec.substr(0, colon);
  if (kind == "lmdb") return open_lmdb(spec.substr(colon + 1), std::move(clock));
  if (kind == "memory") return open_memory(spec.substr(colon + 1), std::move(clock));
  if (kind == "redis" || kind == "rediss" || kind == "redis+unix") return open_redis(spec);
  if (kind == "memcached" || kind == "memcached+unix") return open_memcached(spec, std::move(clock));
  return Error{"it is of no known kind; there are lmdb:DIR, redis://HOST, memcached://HOST and memory:"};
}

}  // namespace

Result<std::shared_ptr<Store>> open_store(std::string_view spec) { return open_store(spec, now_by_the_wall); }

Result<std::shared_ptr<Store>> open_store(std::string_view spec, WallClock clock) {
  auto opened = open_kind(spec, std::move(clock));
  if (!opened) return Error{"store '" + printable(without_password(spec)) + "': " + opened.error().message};
  return opened;
}

}  // namespace fairlead
