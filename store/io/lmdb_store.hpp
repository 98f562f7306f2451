// LmdbStore is a Store in a directory, shared by all processes of a machine that open it. It promises that no process
// can hurt another: one that is killed in the middle of a call leaves nothing half done and nothing locked; one that is
// frozen makes the others' writes fail after `patience`, and never their reads.
//
// What a write survives is LMDB's sync level. `Sync::process` (MDB_NOSYNC) hands it to the kernel: it outlives any
// process, but a power failure can lose the last seconds, or leave a damaged store, which then has to be deleted.
// `Sync::os` syncs the disk with every write: nothing is lost and nothing damaged, at a millisecond or so each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>

#include <lmdb.h>
#include <sys/types.h>

#include "fairlead/store.hpp"

#include "bus/time.hpp"
#include "store/io/process_mutex.hpp"

namespace fairlead::store {

enum class Sync : std::uint8_t { process, os };

struct LmdbOptions {
  std::string directory;  // made if need be; on a local disk
  Sync sync = Sync::process;
  std::uint64_t map_size = std::uint64_t{1} << 30U;       // where the map begins; it takes address space, not disk
  std::uint64_t max_map_size = std::uint64_t{16} << 30U;  // where growing ends and writes answer "full"
  unsigned max_readers = 1022;                            // threads of all processes together
  Duration patience = 5s;                                 // for another process that holds the write lock
};

class LmdbStore final : public Store {
 public:
  // LMDB allows a directory to be open once in a process, so whoever opens it again shares what is open, with the
  // settings and the clock of the first.
  static Result<std::shared_ptr<LmdbStore>> open(LmdbOptions options, WallClock clock);

  ~LmdbStore() override;

  // How many entries take room, those whose time is over and that nobody has swept yet included.
  Result<std::uint64_t> entries();

 private:
  struct Found;

  LmdbStore(LmdbOptions options, WallClock clock) : options_(std::move(options)), clock_(std::move(clock)) {}
  static Result<std::shared_ptr<LmdbStore>> open_new(LmdbOptions options, WallClock clock);
  Status start();

  Result<std::optional<std::string>> do_get(std::string_view key) override;
  Status do_set(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_add(std::string_view key, std::string_view value, Ttl ttl) override;
  Result<bool> do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) override;
  Result<std::int64_t> do_incr(std::string_view key, std::int64_t by) override;
  Result<bool> do_erase(std::string_view key) override;

  // Bodies answer LMDB's codes and may run several times: the map can turn out too small half way.
  using Body = std::function<int(MDB_txn*)>;
  Status read(const Body& body);
  Status write(const Body& body);
  Status try_read(const Body& body);
  Status try_write(const Body& body);
  Status counted(Status done) const;
  int begin(unsigned flags, MDB_txn** transaction);
  Status check_process() const;
  Status resize(bool grow);
  Error failed(int code) const;

  int find(MDB_txn* transaction, std::string_view key, WallTime now, Found& found) const;
  int put(MDB_txn* transaction, std::string_view key, std::string_view value, std::uint64_t expiry) const;
  int sweep(MDB_txn* transaction, WallTime now);

  LmdbOptions options_;
  WallClock clock_;
  pid_t process_ = 0;
  MDB_env* environment_ = nullptr;
  MDB_dbi table_ = 0;
  std::unique_ptr<ProcessMutex> writers_;
  // Held shared during every transaction: the map may change its size only while this process has none.
  std::shared_mutex map_in_use_;
  std::string swept_to_;  // guarded by writers_
};

}  // namespace fairlead::store
