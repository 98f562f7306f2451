// Crew is a worker process without its command line: any number of stations that share nothing but the store and
// libzmq's threads, each with a thread and a handler of its own, and one keeper for all of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "fairlead/handler.hpp"

#include "bus/endpoints.hpp"
#include "bus/io/signals.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/keys.hpp"
#include "bus/result.hpp"
#include "worker/io/station.hpp"

namespace fairlead::worker {

class Crew {
 public:
  struct Settings {
    BusAddress broker;
    Keys keys;
    std::string name;
    std::string app;
    std::string version;
    unsigned worker = 0;  // of --workers
    unsigned threads = 1;
    std::shared_ptr<Store> store;
  };

  // Starts the threads. Each makes its handler and calls on_start; an exception from there becomes failure() and drains
  // everybody.
  Crew(Settings settings, MakeHandler make_handler);
  ~Crew();  // drains and waits
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // From any thread, and from a signal handler. The first reason is the one that handlers are told.
  void drain(StopReason reason = StopReason::asked);

  // Wakes (WatchedFd) whenever one of these may have changed.
  const io::Wakeup& changed() const { return changed_; }
  bool ready() const;  // every station has been welcomed
  bool ended() const { return running_.load(std::memory_order_acquire) == 0; }
  std::optional<Error> failure();

  Station::Counted counted();  // of all stations

 private:
  void run(unsigned thread);
  void fail(std::string why);
  void keep(const std::stop_token& stop);

  static constexpr int undecided = -1;

  const Settings settings_;
  const MakeHandler make_handler_;
  io::Wakeup changed_;
  io::Context context_;
  std::vector<std::unique_ptr<Station>> stations_;
  std::atomic<unsigned> running_;
  std::atomic<int> stop_reason_ = undecided;
  std::mutex failure_mutex_;
  std::optional<Error> failure_;
  std::mutex keeper_mutex_;
  std::condition_variable_any keeper_sleeps_;
  std::vector<std::jthread> threads_;
  std::jthread keeper_;
};

}  // namespace fairlead::worker
