// Rig is what a load runs against: a bus of our own processes in a temporary folder, one of the rivals, or something that
// runs already. It knows where users come in and which processes to watch.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/result.hpp"
#include "tools/bench/process.hpp"

namespace fairlead::bench {

struct BusSettings {
  std::string programs;             // the folder of fairlead-broker and the others
  bool ipc = false;                 // between the processes; otherwise tcp on loopback
  std::string journal = "process";  // level
  std::int64_t gateways = 1;
  std::int64_t workers = 2;
  UserEndpoint::Protocol protocol = UserEndpoint::Protocol::line;
};

// A folder that goes away with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();  // throws std::system_error
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Rig {
 public:
  // Starts a whole bus, and waits until it can take traffic.
  static Result<std::unique_ptr<Rig>> bus(const BusSettings& settings);
  // The machine's limit: an epoll server that answers with what it was sent, without any bus.
  static Result<std::unique_ptr<Rig>> raw_echo(UserEndpoint::Protocol protocol);
  // What ZeroMQ gives without any promise: the same hops, the same batching, nothing kept.
  static Result<std::unique_ptr<Rig>> raw_pipeline(const BusSettings& settings);
  // What runs already.
  static std::unique_ptr<Rig> running(std::vector<UserEndpoint> doors, const std::vector<std::int64_t>& pids);

  ~Rig();  // users' side first, the broker last
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  const std::vector<UserEndpoint>& doors() const { return doors_; }
  const BusAddress& broker() const { return *broker_; }
  bool is_bus() const { return broker_ != nullptr; }

  struct Watched {
    std::string name;
    pid_t pid = -1;
  };
  std::vector<Watched> watched() const;

  // One more worker of a bus; it may not be ready yet.
  Result<std::string> add_worker();
  // The worker that has been there for longest stops, having finished what it has.
  void retire_worker();

 private:
  explicit Rig(BusSettings settings);
  Result<BusAddress> free_address() const;
  Status start_bus();
  Status start_pipeline();
  std::string program(const char* name) const { return settings_.programs + "/fairlead-" + name; }
  std::string log_of(const std::string& name) const { return folder_->path() + "/" + name + ".log"; }

  BusSettings settings_;
  std::unique_ptr<TemporaryFolder> folder_;
  std::unique_ptr<BusAddress> broker_;
  std::vector<UserEndpoint> doors_;
  std::deque<Process> processes_;  // in the order of their start
  std::vector<Watched> others_;
  std::int64_t workers_started_ = 0;
};

}  // namespace fairlead::bench
