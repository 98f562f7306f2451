// WorkerShares asks a broker's admin socket, without ever waiting, how much each worker has committed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bus/endpoints.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/time.hpp"

namespace fairlead::bench {

class WorkerShares {
 public:
  explicit WorkerShares(const BusAddress& broker);  // throws std::runtime_error

  // Call it often. True when there is a new answer.
  bool poll(Instant now);

  // A worker's part of all that was committed between the last two answers; 0 of one that was not there.
  double share(const std::string& worker) const;
  bool knows(const std::string& worker) const { return now_.contains(worker); }

 private:
  io::Context context_;
  io::Socket socket_;
  Instant asked_{};
  bool waiting_ = false;
  std::map<std::string, std::uint64_t> before_;
  std::map<std::string, std::uint64_t> now_;
};

}  // namespace fairlead::bench
