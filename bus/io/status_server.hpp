// A daemon's --metrics port: /metrics for Prometheus, /healthz, /readyz and /version for whoever watches over it.
//
// It has a thread of its own, and touches nothing of the daemon's. What it shows, the daemon's loop tells it between two
// turns when asked, at most ten times a second however many ask; so an answer is also a proof that the loop turns. A loop
// that does not answer within two seconds is unhealthy (503). To the loop all this is one atomic load a turn.
//
// Bounds: 16 connections (more wait outside), 8 KiB of request, 5 s for each connection, one request on each. GET only.
// It reads no more of a request than its first line; that is why it wants no parser of a package.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "bus/endpoints.hpp"
#include "bus/io/fd.hpp"
#include "bus/io/signals.hpp"
#include "bus/metrics.hpp"
#include "bus/result.hpp"

namespace fairlead::io {

class StatusServer {
 public:
  struct Report {
    MetricsPage metrics;
    std::string ill;      // why the daemon does not work; empty: it does
    std::string unready;  // why it cannot take traffic; empty: it can
  };
  enum class Taken {
    is_an_error,
    waits,  // the address belongs to a process that this one replaces: try until it is free
  };

  static constexpr const char* help = "where /metrics, /healthz, /readyz and /version are served; nowhere by default";
  // For the setting: empty, or an address.
  static Status check(const std::string& typed);
  // Null when `typed` is empty.
  static std::unique_ptr<StatusServer> open(const std::string& typed, std::string program,
                                            Taken taken = Taken::is_an_error);

  // Binds and starts the thread; create it after Signals. Throws std::runtime_error when it cannot bind.
  StatusServer(const ListenAddress& address, std::string program, Taken taken = Taken::is_an_error);
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  // 127.0.0.1:9600, with the port that the system chose for port 0.
  const std::string& where() const { return where_; }

  // By the daemon's loop, every turn. fd() becomes readable when there is something to answer.
  int fd() const { return wanted_.fd(); }
  void answer(const std::function<Report()>& report) {
    if (asked_.load(std::memory_order_acquire)) tell(report());
  }

 private:
  class Session;

  void tell(Report report);
  void run(const std::stop_token& stop);

  const std::string program_;
  const double started_;  // seconds since the epoch
  ListenAddress address_;
  std::string where_;
  Fd listener_;  // none: taken
  std::atomic<bool> asked_ = false;
  Wakeup wanted_;  // by the daemon
  Wakeup told_;    // by the thread
  std::mutex mutex_;
  std::optional<Report> report_;  // told, not yet taken by the thread
  std::jthread thread_;           // last: it uses all of the above
};

}  // namespace fairlead::io
