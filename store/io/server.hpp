// Server lends out connections to one server and decides what its silence means. It promises that a call ends within the
// timeout; that a connection on which a call has failed is closed, so that a late answer never becomes the answer to
// another call; and that a server which is away is asked again after 50 ms, then ever more seldom up to every 2 s, by one
// call at a time, while all others fail at once. The log tells when the server goes away and when it is back, not each
// call. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bus/io/log.hpp"
#include "bus/random.hpp"
#include "store/io/connection.hpp"
#include "store/io/tls_session.hpp"

namespace fairlead::store {

class Server {
 public:
  // What is said on a connection. An Error means that the connection is good for nothing any more.
  using Talk = std::function<Status(Connection&, Instant deadline)>;

  struct Settings {
    std::string kind;  // "redis", for people
    Place place;
    Duration timeout{};
    std::shared_ptr<const TlsTrust> trust;  // null: plain
    Talk greet;                             // on each new connection
  };
  // Both outlive the server.
  struct Tally {
    std::atomic<std::uint64_t>& failures;
    std::atomic<std::uint64_t>& reconnects;
  };

  Server(Settings settings, Tally tally);

  Status call(const Talk& talk);

  // Asks for a connection, so that the log tells at the start whether there is a server.
  void try_out();

  // The server has answered, but not with what was asked for: an Error with its name, counted, and now and then logged.
  Error refused(const std::string& why);

  const std::string& name() const { return name_; }

 private:
  static constexpr std::size_t most_idle = 64;

  Result<std::unique_ptr<Connection>> take(Instant deadline);
  Result<std::unique_ptr<Connection>> dial(Instant deadline);
  Error lost(const std::string& what, std::string_view consequence);
  void is_well(std::unique_ptr<Connection> connection);

  const Settings settings_;
  const Tally tally_;
  const std::string name_;
  const pid_t process_;
  std::mutex mutex_;  // of all that follows; never held while anything is waited for
  std::vector<std::unique_ptr<Connection>> idle_;
  Random random_;
  bool met_ = false;        // there has been a connection
  unsigned failures_ = 0;   // in a row
  bool trying_ = false;     // some call dials, while failures_ > 0
  Instant retry_at_{};      // likewise
  Instant away_since_{};    // likewise
  std::string away_why_;    // likewise
  bool told_away_ = false;  // and so its return is to be told
  io::RepeatLimit away_limit_{10s};
  io::RepeatLimit refused_limit_{10s};
};

}  // namespace fairlead::store
