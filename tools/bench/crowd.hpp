// Crowd is many users of the bench app in one epoll loop: it connects them, lets them send by one of several plans, and
// books for each message whether and when it came back. Single-threaded; one system call to read and one to write for
// each user and turn, so that the load costs little of the machine that it measures.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/io/fd.hpp"
#include "bus/io/loop.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"
#include "tools/bench/latency.hpp"
#include "tools/bench/ledger.hpp"

namespace fairlead::bench {

class User;

class Crowd {
 public:
  struct Settings {
    std::vector<UserEndpoint> doors;  // users take them in turn
    std::size_t clients = 1;
    std::size_t payload = 0;  // bytes of a message at least
    std::string program = "fairlead-bench";
  };
  using Stop = std::function<bool()>;  // asked once in each turn

  explicit Crowd(Settings settings);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  io::Loop& loop() { return loop_; }
  std::size_t size() const { return users_.size(); }

  // Until all are connected; those who are refused dial again every 100 ms. The error says how many were.
  Status connect(Duration patience, const Stop& stop = {});
  // All but the first join the group that send_to_group() sends to.
  Status join(Duration patience);

  // The plans, one of which holds at a time. Each takes effect at once.
  void send_closed(std::size_t window);                      // every user has that many messages under way
  void send_limited(std::size_t window, double per_second);  // likewise, within a rate of all together
  void send_on_schedule(double per_second);   // whatever comes back; latency counts from the time of the schedule
  void send_without_end(std::size_t unsent);  // each until the kernel takes no more and that many bytes wait
  void send_to_group(std::size_t window);     // the first user; the next when all who read have one of `window`
  void stop_sending();

  // The last `count` users stop reading, or read again. Nobody waits for them, their counts are kept apart.
  void make_deaf(std::size_t count);
  void make_hear();

  // One turn of at most `longest`.
  void turn(Duration longest);
  void run_for(Duration time, const Stop& stop = {});
  // Until nothing is under way, or patience ends.
  void drain(Duration patience, const Stop& stop = {});

  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  std::uint64_t gone() const { return gone_; }
  Tally tally() const;       // of all who were always read
  Tally tally_deaf() const;  // of the others
  const Latency& latency() const { return latency_; }
  Duration longest_silence() const { return longest_silence_; }
  void forget_latency();  // what was measured until now was for warming up

 private:
  friend class User;

  enum class Plan { quiet, closed, limited, scheduled, without_end, group };

  bool may_send(const User& user) const;
  void go_on_all();
  void send_what_is_due();
  void send_group_messages();
  void on_group_message(std::uint64_t number);
  std::size_t listeners() const;

  struct GroupMessage {
    Instant sent{};
    std::size_t heard = 0;
  };

  Settings settings_;
  io::Loop loop_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<User>> users_;
  io::Fd timer_;  // a timerfd: epoll's own timeouts are whole milliseconds

  Plan plan_ = Plan::quiet;
  std::size_t window_ = 0;
  double rate_ = 0;
  std::uint64_t may_send_ = 0;  // of all together
  Instant began_{};             // the plan
  std::uint64_t scheduled_ = 0;
  std::size_t next_user_ = 0;
  std::size_t deaf_ = 0;
  std::deque<GroupMessage> group_;  // under way
  std::uint64_t group_done_ = 0;

  Instant now_{};
  Instant heard_{};
  Duration longest_silence_{};
  std::uint64_t connected_ = 0;
  std::uint64_t joined_ = 0;
  std::uint64_t gone_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Latency latency_;
};

}  // namespace fairlead::bench
