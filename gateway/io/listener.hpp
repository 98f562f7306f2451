// One place where users come in, which may be several sockets: a name with an IPv4 and an IPv6 address is both.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/io/fd.hpp"
#include "bus/io/loop.hpp"
#include "bus/result.hpp"
#include "gateway/io/entrance.hpp"

namespace fairlead::gateway::io {

class Listener {
 public:
  // Resolves and binds. With port 0 the kernel picks one, the same for all sockets of the listener.
  static Result<Listener> open(const Door& door);

  // Reads the certificate's files again. When they cannot be used, the old one stays.
  Status reload_certificate();

  const Entrance& entrance() const { return *entrance_; }
  std::uint16_t port() const { return port_; }

  using OnUser = std::function<void(const Entrance&, fairlead::io::Fd)>;
  enum class Accepted : std::uint8_t { all, more, out_of_descriptors };
  // Up to `budget` users that wait.
  Accepted accept(int budget, const OnUser& on_user) const;

  void close() { sockets_.clear(); }  // after its watches were removed
  const std::vector<fairlead::io::Fd>& sockets() const { return sockets_; }

 private:
  Listener() = default;

  std::unique_ptr<Entrance> entrance_;  // connections point to it
  std::vector<fairlead::io::Fd> sockets_;
  std::uint16_t port_ = 0;
};

}  // namespace fairlead::gateway::io
