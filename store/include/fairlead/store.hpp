// Store keeps application state for workers that keep none: counters, names, carts. It promises that each call is
// atomic among all workers that opened the same store, and that a call ends: with an answer, or with an Error that says
// why there is none. It never throws and never waits longer than a few seconds, because a stuck call would be a stuck
// worker.
//
// A store stands beside the bus, not inside it: what a handler writes is there at once, also when its outcome never
// commits, and a handler that runs again after its worker died writes again. A counter may therefore skip numbers.
//
// An Error means that nothing was done, unless it says "unknown": then a server may or may not have carried the call out
// before it went silent. `get`, `set` and `erase` can simply be called again; after an `add`, `cas` or `incr` look first,
// or bear with a number that is skipped.
//
// Threads: every call may be made from any thread at any time. Processes: open after fork(), never before.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace fairlead {

// Entries expire by the wall clock, since it is the one clock that the machines of a store share. Tests hand in their
// own.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
using WallClock = std::function<WallTime()>;

// Since the store was opened. What a caller did wrong (a key that is too long, a word that cannot be counted up) is no
// failure of the store.
struct StoreCounters {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;    // calls that the store could not answer
  std::uint64_t reconnects = 0;  // connections to a server in place of those that were lost
};

class Store {
 public:
  using Ttl = std::chrono::milliseconds;

  // What `open_store` can lead to all keep these limits, so that an application can move from one to the other.
  static constexpr std::size_t max_key = 250;          // bytes, each printable ASCII other than the space
  static constexpr std::size_t max_value = 1U << 20U;  // bytes of any kind; empty is a value
  static constexpr Ttl forever{0};

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // The value, or nullopt when there is none or its time is over.
  Result<std::optional<std::string>> get(std::string_view key);

  // Whatever was there is replaced, its ttl too. A backend may round a ttl up to whole seconds.
  Status set(std::string_view key, std::string_view value, Ttl ttl = forever);

  // True when the key was free and now holds `value`; false, and nothing changes, when it was taken.
  Result<bool> add(std::string_view key, std::string_view value, Ttl ttl = forever);

  // Compare and set: true when the key held `expected` and now holds `value`; false when it held something else or
  // nothing.
  Result<bool> cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl = forever);

  // Adds `by` (which may be negative) to the decimal number that the key holds, 0 when there is none, and answers the
  // sum. The entry keeps the ttl it had. An Error when the value is not a number or the sum does not fit 64 bits.
  Result<std::int64_t> incr(std::string_view key, std::int64_t by = 1);

  // Whether there was something to erase.
  Result<bool> erase(std::string_view key);

  StoreCounters counters() const;

 protected:
  struct Tally {
    std::atomic<std::uint64_t> calls = 0;
    std::atomic<std::uint64_t> failures = 0;
    std::atomic<std::uint64_t> reconnects = 0;
  };
  Tally& tally() const { return tally_; }

 private:
  // Keys, values and ttls have been judged by the time a backend sees them.
  virtual Result<std::optional<std::string>> do_get(std::string_view key) = 0;
  virtual Status do_set(std::string_view key, std::string_view value, Ttl ttl) = 0;
  virtual Result<bool> do_add(std::string_view key, std::string_view value, Ttl ttl) = 0;
  virtual Result<bool> do_cas(std::string_view key, std::string_view expected, std::string_view value, Ttl ttl) = 0;
  virtual Result<std::int64_t> do_incr(std::string_view key, std::int64_t by) = 0;
  virtual Result<bool> do_erase(std::string_view key) = 0;

  mutable Tally tally_;
};

// Opens what `--store` names:
//
//   lmdb:DIR    in a directory on a local disk, shared by all processes of this machine that name it. DIR is made if
//               need be. Settings follow as in `lmdb:DIR?sync=os&map=4G`: `sync` says what a write survives, `process`
//               (the start value) the death of any process, `os` also that of the machine, at the price of a disk sync
//               each; `map` is the address space to begin with (1G), which grows sixteenfold at most.
//   redis://[[user]:password@]host[:port][/number]       a Redis server; rediss:// reaches it through TLS
//   memcached://host[:port][,host[:port]…]               memcached servers, among which the keys are divided
//               Both also as redis+unix:///path and memcached+unix:///path. Settings: `prefix=chat:` is put before each
//               key, so that applications may share a server; `timeout=2s` is what a call may take; with rediss://
//               `ca=FILE` are the certificates to trust. store/address.hpp has the whole grammar.
//   memory:     inside this process: for trying things out with one worker process, and for tests.
//
// A server that is away does not keep a store from being opened: calls answer an Error until it is back, and the log says
// once that it is away.
Result<std::shared_ptr<Store>> open_store(std::string_view spec);
Result<std::shared_ptr<Store>> open_store(std::string_view spec, const WallClock& clock);

// Whether open_store() would understand it. Nothing is opened.
Status check_store(std::string_view spec);

}  // namespace fairlead
