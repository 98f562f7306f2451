// Station is one complete worker: the machine, its two sockets, and the handler that it feeds. It promises that
// heartbeats and timers go on while a handler runs, however long that takes (docs/protocol.md, K7).
//
// Two threads take turns in it, and the mutex says whose turn it is. The station's own thread holds it whenever it does
// anything but run the handler. Meanwhile the keeper (worker/io/crew.hpp) comes by now and then, and if it gets the
// mutex it does what the station's thread would do: take in frames, run timers, send what has gathered. libzmq allows
// a socket to move between threads when a full memory fence lies between its uses, and the mutex is one. An uncontended
// mutex costs some 20 ns, so the station's thread gives it up for every single event.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/handler.hpp"

#include "bus/endpoints.hpp"
#include "bus/io/log.hpp"
#include "bus/io/signals.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/metrics.hpp"
#include "bus/patience.hpp"
#include "worker/queries.hpp"
#include "worker/worker.hpp"

namespace fairlead::worker {

class Station final : private Queries {
 public:
  // All of these outlive it. `changed` is woken when there is news for the crew: welcomed for the first time, ended.
  struct Around {
    io::Context& context;
    Store& store;
    const BusAddress& broker;
    const io::Wakeup& changed;
  };
  Station(Around around, Config config, Random random);
  ~Station() override = default;

  // Connects, and handles events until it has drained. On the station's own thread.
  void run(Handler& handler);

  // Calls `tick` every so often between events, on the station's own thread; what it asks for is published. A tick that
  // comes late is not made up for. Before run().
  using Tick = std::function<void(Bus&)>;
  void every(Duration interval, Tick tick);

  // From any thread; `done` is called once on the station's, or never when run() has returned. A query waits for a link.
  void post_publication(std::vector<schemas::Effect> effects, std::function<void(Status)> done);
  void post_query(schemas::Query query, std::function<void(Result<schemas::Answer>)> done);
  // When everything that was posted before is committed.
  void post_flush(std::function<void(Status)> done);

  // From any thread: finish what is there, then run() returns.
  void drain();
  // By the keeper: a turn in place of the station's thread, if that is in a handler's event now.
  void keep();
  // Has been welcomed by a broker.
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // From any thread, which never waits for a handler or a sleeping station: as it was after the last turn.
  struct Counted {
    Counters counters;
    Histogram handler_times = Histogram::of_seconds();
  };
  Counted counted();

 private:
  // A turn: input, timers, output. With the mutex held, as all that follow.
  void take_turn();
  void perform();
  void perform(const OpenLink& open);
  void perform(const CloseLink& close);
  void perform(const SendControl& send);
  void perform(const Publish& publish);
  void perform(Answered& answered);
  void perform(const Unanswered& unanswered);
  void perform(const Published& published);
  void answer(std::uint64_t id, Result<schemas::Answer> result);
  void perform(const Note& note);
  void check_connection();
  void sleep(std::optional<Instant> until = {});

  // Handles what is there, at most a turn's worth. False: there was nothing.
  bool work(Handler& handler, std::unique_lock<std::mutex>& turn);
  void handle(Handler& handler, const Job& job, std::unique_lock<std::mutex>& turn);

  void post(std::function<void()> task);
  void do_posted();
  Instant next_tick() const;
  void run_ticks(std::unique_lock<std::mutex>& turn);
  void run_tick(const Tick& tick, std::unique_lock<std::mutex>& turn);

  Result<schemas::Answer> ask(schemas::Query query) override;
  void progress() override;

  Around around_;
  const std::string name_;
  std::atomic<bool> drain_wanted_ = false;
  std::atomic<bool> ready_ = false;
  io::Wakeup wakeup_;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;

  std::mutex mutex_;
  bool running_ = false;  // run() has begun: the handler's on_start is over, and there may be a link
  Worker worker_;
  Histogram handler_times_ = Histogram::of_seconds();
  std::mutex counted_mutex_;  // the other one is held while the station sleeps
  Counted counted_;
  Actions actions_;
  std::optional<io::Socket> dealer_;
  std::optional<io::Socket> pub_;
  bool connected_ = false;  // these sockets, once
  Patience patience_;
  bool names_are_ipv6_ = false;
  bool input_waits_ = false;   // the last turn's budget was spent
  Instant checked_{};          // when check_connection() looked last
  std::uint64_t awaited_ = 0;  // the query whose answer ask() is waiting for
  std::optional<Result<schemas::Answer>> answer_;
  std::map<std::uint64_t, std::function<void(Result<schemas::Answer>)>> asked_;  // by others, by query
  std::map<std::uint64_t, std::function<void(Status)>> publishing_;              // by publication
  std::vector<std::function<void(Status)>> flushing_;
  std::vector<std::function<void()>> for_a_link_;  // what waits for one
  struct Ticking {
    Duration interval{};
    Instant next{};
    Tick tick;
  };
  std::vector<Ticking> ticks_;
  std::map<std::string, io::RepeatLimit> limits_;  // for warnings, by event
};

}  // namespace fairlead::worker
