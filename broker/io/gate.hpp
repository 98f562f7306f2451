// Lets in who stands in the file of --peers, and tells who has come in vain.
#pragma once

#include <cstdint>
#include <string>

#include "broker/admission.hpp"
#include "bus/io/doorkeeper.hpp"
#include "bus/io/log.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/time.hpp"

namespace fairlead::broker::io {

Result<Admission> load_admission(const std::string& path);  // the error names the file and the line

class Gate {
 public:
  // Before the sockets of `context` are bound. Throws std::runtime_error when the file cannot be read.
  Gate(fairlead::io::Context& context, std::string peers_file);

  int fd() const { return doorkeeper_.fd(); }
  void answer(Instant now);  // whoever waits; before a sleep on fd()

  // Reads the file again; when there is something wrong in it, all stays as it was. True: somebody has lost rights, whose
  // connections have to be cut.
  bool reload();

  std::uint64_t admitted() const { return admitted_; }  // connections
  std::uint64_t refused() const { return refused_; }

 private:
  bool admit(const fairlead::io::Doorkeeper::Visitor& visitor, Instant now);

  std::string file_;
  Admission admission_;
  fairlead::io::Doorkeeper doorkeeper_;
  std::uint64_t admitted_ = 0;
  std::uint64_t refused_ = 0;
  fairlead::io::RepeatLimit refusals_{1s};
};

}  // namespace fairlead::broker::io
