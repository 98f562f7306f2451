#include "store/io/lmdb_store.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include <unistd.h>

#include "store/entry.hpp"

namespace fairlead::store {
namespace {

// A value on disk: 8 bytes, big-endian, the expiry as of entry.hpp; then what the application gave us.
constexpr std::size_t header_size = 8;

// Sorts before every key that an application can have.
constexpr std::string_view format_key =
    "\x01"
    "format";
constexpr std::string_view format = "fairlead store 1";

MDB_val to_val(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};  // LMDB only reads it
}

std::string_view to_view(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

std::uint64_t read_expiry(std::string_view stored) {
  std::uint64_t expiry = 0;
  for (const char c : stored.substr(0, header_size)) expiry = (expiry << 8U) | static_cast<unsigned char>(c);
  return expiry;
}

// What this process has open. The process id is part of the name: a child of fork() must not touch its parent's.
struct Registry {
  std::mutex mutex;
  std::map<std::pair<pid_t, std::string>, std::weak_ptr<LmdbStore>> stores;
};

Registry& registry() {
  static auto* const instance = new Registry;  // never destroyed: a store may be closed during exit
  return *instance;
}

}  // namespace

struct LmdbStore::Found {
  bool there = false;
  std::string_view value;  // valid as long as the transaction, or until its first write
  std::uint64_t expiry = 0;
};

Result<std::shared_ptr<LmdbStore>> LmdbStore::open(LmdbOptions options, WallClock clock) {
  std::error_code failure;
  std::filesystem::create_directories(options.directory, failure);
  if (failure) return Error{"cannot make the store's directory " + options.directory + ": " + failure.message()};
  const auto place = std::filesystem::canonical(options.directory, failure);
  if (failure) return Error{"cannot find the store's directory " + options.directory + ": " + failure.message()};

  const std::lock_guard lock(registry().mutex);
  auto& known = registry().stores[{getpid(), place.string()}];
  if (auto store = known.lock()) return store;
  auto opened = open_new(std::move(options), std::move(clock));
  if (opened) known = *opened;
  return opened;
}

Result<std::shared_ptr<LmdbStore>> LmdbStore::open_new(LmdbOptions options, WallClock clock) {
  std::unique_ptr<LmdbStore> fresh(new LmdbStore(std::move(options), std::move(clock)));
  if (auto started = fresh->start(); !started) return started.error();
  // Closing excludes opening, or the directory could be open twice for a moment.
  return std::shared_ptr<LmdbStore>(fresh.release(), [](LmdbStore* store) {
    const std::lock_guard lock(registry().mutex);
    delete store;
  });
}

Status LmdbStore::start() {
  process_ = getpid();
  auto writers = ProcessMutex::open(options_.directory + "/writers.lock", options_.patience);
  if (!writers) return writers.error();
  writers_ = std::move(*writers);

  if (const int code = mdb_env_create(&environment_); code != 0) return failed(code);
  mdb_env_set_maxreaders(environment_, options_.max_readers);
  mdb_env_set_mapsize(environment_, options_.map_size);
  const unsigned flags = options_.sync == Sync::process ? MDB_NOSYNC : 0U;
  if (const int code = mdb_env_open(environment_, options_.directory.c_str(), flags, 0660); code != 0) {
    return failed(code);
  }
  int dead = 0;
  mdb_reader_check(environment_, &dead);

  std::string found_format;
  auto prepared = write([&](MDB_txn* transaction) {
    if (const int code = mdb_dbi_open(transaction, nullptr, 0, &table_); code != 0) return code;
    MDB_val key = to_val(format_key);
    MDB_val value{};
    const int code = mdb_get(transaction, table_, &key, &value);
    if (code == MDB_NOTFOUND) {
      found_format = format;
      value = to_val(format);
      return mdb_put(transaction, table_, &key, &value, 0);
    }
    found_format = to_view(value);
    return code;
  });
  if (!prepared) return prepared;
  if (found_format != format) {
    return Error{"the store in " + options_.directory + " has another format than ours, '" + std::string(format) + "'"};
  }
  return Nothing{};
}

LmdbStore::~LmdbStore() {
  // In a child of fork() nothing of this is ours to close.
  if (process_ != getpid()) {
    [[maybe_unused]] const auto* const left = writers_.release();
    return;
  }
  if (environment_ != nullptr) mdb_env_close(environment_);
}

Result<std::uint64_t> LmdbStore::entries() {
  MDB_stat statistics{};
  if (auto done = read([&](MDB_txn* transaction) { return mdb_stat(transaction, table_, &statistics); }); !done) {
    return done.error();
  }
  return std::uint64_t{statistics.ms_entries} - 1;  // the format's is not one of the application's
}

Result<std::optional<std::string>> LmdbStore::do_get(std::string_view key) {
  const WallTime now = clock_();
  std::optional<std::string> answer;
  auto done = read([&](MDB_txn* transaction) {
    Found found;
    const int code = find(transaction, key, now, found);
    if (found.there) answer.emplace(found.value);
    return code;
  });
  if (!done) return done.error();
  return answer;
}

Status LmdbStore::do_set(std::string_view key, std::string_view value, Ttl ttl) {
  const std::uint64_t expiry = expiry_of(clock_(), ttl);
  return write([&](MDB_txn* transaction) { return put(transaction, key, value, expiry); });
}

Result<bool> LmdbStore::do_add(std::string_view key, std::string_view value, Ttl ttl) {
  const WallTime now = clock_();
  bool added = false;
  auto done = write([&](MDB_txn* transaction) {
    Found found;
    if (const int code = find(transaction, key, now, found); code != 0) return code;
    added = !found.there;
    return added ? put(transaction, key, value, expiry_of(now, ttl)) : 0;
  });
  if (!done) return done.error();
  return added;
}

Result<bool> LmdbStore::do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) {
  const WallTime now = clock_();
  bool swapped = false;
  auto done = write([&](MDB_txn* transaction) {
    Found found;
    if (const int code = find(transaction, key, now, found); code != 0) return code;
    swapped = found.there && found.value == expected;
    return swapped ? put(transaction, key, value, expiry_of(now, ttl)) : 0;
  });
  if (!done) return done.error();
  return swapped;
}

Result<std::int64_t> LmdbStore::do_incr(std::string_view key, std::int64_t by) {
  const WallTime now = clock_();
  Result<std::int64_t> total = std::int64_t{0};
  auto done = write([&](MDB_txn* transaction) {
    Found found;
    if (const int code = find(transaction, key, now, found); code != 0) return code;
    total = sum(key, found.there ? found.value : "0", by);
    return total ? put(transaction, key, std::to_string(*total), found.expiry) : 0;
  });
  if (!done) return done.error();
  return total;
}

Result<bool> LmdbStore::do_erase(std::string_view key) {
  const WallTime now = clock_();
  bool erased = false;
  auto done = write([&](MDB_txn* transaction) {
    Found found;
    if (const int code = find(transaction, key, now, found); code != 0) return code;
    erased = found.there;
    MDB_val name = to_val(key);
    const int code = mdb_del(transaction, table_, &name, nullptr);
    return code == MDB_NOTFOUND ? 0 : code;
  });
  if (!done) return done.error();
  return erased;
}

int LmdbStore::find(MDB_txn* transaction, std::string_view key, WallTime now, Found& found) const {
  found = {};
  MDB_val name = to_val(key);
  MDB_val stored{};
  const int code = mdb_get(transaction, table_, &name, &stored);
  if (code == MDB_NOTFOUND) return 0;
  if (code != 0) return code;
  if (stored.mv_size < header_size) return MDB_CORRUPTED;
  const std::string_view bytes = to_view(stored);
  const std::uint64_t expiry = read_expiry(bytes);
  if (is_over(expiry, now)) return 0;
  found = {.there = true, .value = bytes.substr(header_size), .expiry = expiry};
  return 0;
}

int LmdbStore::put(MDB_txn* transaction, std::string_view key, std::string_view value, std::uint64_t expiry) const {
  MDB_val name = to_val(key);
  MDB_val room{.mv_size = header_size + value.size(), .mv_data = nullptr};
  if (const int code = mdb_put(transaction, table_, &name, &room, MDB_RESERVE); code != 0) return code;
  auto* const out = static_cast<char*>(room.mv_data);
  for (std::size_t i = 0; i < header_size; ++i) out[i] = static_cast<char>((expiry >> (56U - 8U * i)) & 0xffU);
  value.copy(out + header_size, value.size());
  return 0;
}

// Every write looks at the next two entries as well, so that what nobody asks for again does not stay for ever.
int LmdbStore::sweep(MDB_txn* transaction, WallTime now) {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(transaction, table_, &cursor); code != 0) return code;
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> closing(cursor, mdb_cursor_close);
  const std::string first = swept_to_.empty() ? std::string(format_key) : swept_to_;
  MDB_val key = to_val(first);
  MDB_val stored{};
  int code = mdb_cursor_get(cursor, &key, &stored, MDB_SET_RANGE);
  if (code == 0 && to_view(key) == first) code = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
  for (int i = 0; i < 2 && code == 0; ++i) {
    swept_to_ = to_view(key);
    if (stored.mv_size >= header_size && is_over(read_expiry(to_view(stored)), now)) {
      if (code = mdb_cursor_del(cursor, 0); code != 0) return code;
    }
    code = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
  }
  if (code == MDB_NOTFOUND) swept_to_.clear();
  return code == MDB_NOTFOUND ? 0 : code;
}

Status LmdbStore::read(const Body& body) { return counted(try_read(body)); }

Status LmdbStore::write(const Body& body) { return counted(try_write(body)); }

Status LmdbStore::counted(Status done) const {
  if (!done) ++tally().failures;
  return done;
}

Status LmdbStore::try_read(const Body& body) {
  if (auto ours = check_process(); !ours) return ours;
  while (true) {
    {
      const std::shared_lock using_map(map_in_use_);
      MDB_txn* transaction = nullptr;
      int code = begin(MDB_RDONLY, &transaction);
      if (code == 0) {
        code = body(transaction);
        mdb_txn_abort(transaction);
      }
      if (code == 0) return Nothing{};
      if (code != MDB_MAP_RESIZED) return failed(code);
    }
    if (auto resized = resize(false); !resized) return resized;
  }
}

Status LmdbStore::try_write(const Body& body) {
  if (auto ours = check_process(); !ours) return ours;
  const WallTime now = clock_();
  while (true) {
    int code = 0;
    {
      if (auto locked = writers_->lock(); !locked) return locked;
      const std::unique_ptr<ProcessMutex, void (*)(ProcessMutex*)> unlocking(
          writers_.get(), [](ProcessMutex* mutex) { mutex->unlock(); });
      const std::shared_lock using_map(map_in_use_);
      MDB_txn* transaction = nullptr;
      code = begin(0, &transaction);
      if (code == 0) code = body(transaction);
      if (code == 0) code = sweep(transaction, now);
      if (code == 0) {
        code = mdb_txn_commit(transaction);
      } else if (transaction != nullptr) {
        mdb_txn_abort(transaction);
      }
      if (code == 0) return Nothing{};
      if (code == MDB_MAP_FULL) {
        // A reader that was killed in the middle of a read still holds on to old pages. They may be all we need.
        int dead = 0;
        mdb_reader_check(environment_, &dead);
        if (dead > 0) continue;
      }
    }
    if (code != MDB_MAP_FULL && code != MDB_MAP_RESIZED) return failed(code);
    if (auto resized = resize(code == MDB_MAP_FULL); !resized) return resized;
  }
}

int LmdbStore::begin(unsigned flags, MDB_txn** transaction) {
  int code = mdb_txn_begin(environment_, nullptr, flags, transaction);
  if (code == MDB_READERS_FULL) {
    int dead = 0;
    mdb_reader_check(environment_, &dead);
    code = mdb_txn_begin(environment_, nullptr, flags, transaction);
  }
  return code;
}

Status LmdbStore::check_process() const {
  if (process_ == getpid()) return Nothing{};
  return Error{"the store in " + options_.directory + " was opened before fork(); open it in the child"};
}

// Doubles the map, or takes over the size that another process has given it.
Status LmdbStore::resize(bool grow) {
  const std::unique_lock alone(map_in_use_);
  std::uint64_t size = 0;
  if (grow) {
    MDB_envinfo info{};
    mdb_env_info(environment_, &info);
    if (info.me_mapsize >= options_.max_map_size) {
      return Error{"the store in " + options_.directory + " is full: it has reached its limit of " +
                   std::to_string(options_.max_map_size >> 20U) + " MiB"};
    }
    size = std::min<std::uint64_t>(std::uint64_t{info.me_mapsize} * 2, options_.max_map_size);
  }
  if (const int code = mdb_env_set_mapsize(environment_, size); code != 0) return failed(code);
  return Nothing{};
}

Error LmdbStore::failed(int code) const {
  return Error{"the store in " + options_.directory + " failed: " + mdb_strerror(code)};
}

}  // namespace fairlead::store
