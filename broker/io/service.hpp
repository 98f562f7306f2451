// Runs a Broker: its sockets, its journal, its turns. It decides nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "broker/io/admin.hpp"
#include "broker/io/gate.hpp"
#include "broker/io/journal_files.hpp"
#include "broker/io/metrics.hpp"
#include "bus/endpoints.hpp"
#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "bus/io/status_server.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/keys.hpp"

namespace fairlead::broker::io {

struct ServiceConfig {
  BusAddress listen;
  std::string journal;  // directory
  JournalLevel level = JournalLevel::process;
  std::string level_name = "process";  // as it is typed
  std::uint16_t shard = 0;
  std::string metrics;  // an address, or empty
  KeyPair key;          // with one, only who stands in `peers` may come
  std::string peers;    // a file
  std::size_t segment_bytes = std::size_t{64} << 20U;
  Config broker;
};

class Service {
 public:
  // Throws std::runtime_error with what a person can do about it.
  Service(ServiceConfig config, fairlead::io::Signals& signals);

  // Until a SIGTERM or SIGINT.
  fairlead::io::ExitCode run();

 private:
  struct Sockets {
    fairlead::io::Socket frontend;
    fairlead::io::Socket deliveries;
    fairlead::io::Socket backend;
    fairlead::io::Socket outcomes;
    fairlead::io::Socket admin;
    fairlead::io::Socket tap;
    BusAddress address;
  };

  static Sockets bind(fairlead::io::Context& context, const BusAddress& address);
  bool take_input(Instant now);
  void look_at_gate(Instant now);
  void look_at_taps(Instant now);
  void end_turn(Instant now);
  void write_journal();
  void tell_alive(Instant now);
  void tell_status(const std::string& ill);
  void send_all(const std::vector<Send>& sends, Instant now);
  void tell(const std::vector<Note>& notes) const;
  void checkpoint_if_due();
  bool stopped();
  void on_hangup();
  void cut_everybody();

  ServiceConfig config_;
  fairlead::io::Signals& signals_;
  fairlead::io::Context context_;
  std::optional<Gate> gate_;        // none: a bus without keys
  std::unique_ptr<Broker> broker_;  // made from what the journal holds
  JournalFiles journal_;
  std::optional<Sockets> sockets_;  // always, but while cut_everybody() binds them again
  Admin admin_;
  Measured measured_;
  std::unique_ptr<fairlead::io::StatusServer> status_;                    // may be null
  std::vector<std::pair<fairlead::io::RoutingId, std::string>> answers_;  // leave behind what they tell of
  Turn turn_;
  bool stopping_ = false;
  Instant looked_at_taps_{};
  fairlead::io::ServiceManager manager_;
  Instant told_alive_{};
  Instant last_checkpoint_attempt_{};
};

}  // namespace fairlead::broker::io
