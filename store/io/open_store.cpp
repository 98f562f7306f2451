#include <algorithm>
#include <array>

#include "fairlead/store.hpp"

#include "bus/text.hpp"
#include "store/io/lmdb_store.hpp"
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

}  // namespace

Result<std::shared_ptr<Store>> open_store(std::string_view spec) { return open_store(spec, now_by_the_wall); }

Result<std::shared_ptr<Store>> open_store(std::string_view spec, WallClock clock) {
  static constexpr std::string_view choices = "this build has lmdb:DIR and memory:";
  const auto colon = spec.find(':');
  const std::string_view scheme = spec.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view{} : spec.substr(colon + 1);
  if (colon != std::string_view::npos && scheme == "lmdb") {
    auto opened = open_lmdb(rest, std::move(clock));
    if (!opened) return Error{"store '" + printable(spec) + "': " + opened.error().message};
    return opened;
  }
  if (colon != std::string_view::npos && scheme == "memory") {
    if (!rest.empty()) return Error{"store '" + printable(spec) + "': nothing may follow memory:"};
    return std::shared_ptr<Store>(std::make_shared<store::MemoryStore>(std::move(clock)));
  }
  if (scheme == "redis" || scheme == "memcached") {
    return Error{"store '" + printable(spec) + "': " + std::string(scheme) + " is not in this build; " +
                 std::string(choices)};
  }
  return Error{"store '" + printable(spec) + "' is of no known kind; " + std::string(choices)};
}

}  // namespace fairlead
