#include "broker/io/gate.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bus/endpoints.hpp"

namespace fairlead::broker::io {
namespace {

std::optional<BusSocket> socket_of(std::string_view domain) {
  for (int at = 0; at < bus_sockets; ++at) {
    if (const auto socket = static_cast<BusSocket>(at); text(socket) == domain) return socket;
  }
  return std::nullopt;
}

Admission must_load(const std::string& path) {
  auto admission = load_admission(path);
  if (!admission) throw std::runtime_error(admission.error().message);
  return std::move(*admission);
}

}  // namespace

Result<Admission> load_admission(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{path + ": " + std::strerror(errno)};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return Error{path + ": cannot be read"};
  auto admission = Admission::parse(text);
  if (!admission) return Error{path + ": " + admission.error().message};
  return admission;
}

Gate::Gate(fairlead::io::Context& context, std::string peers_file)
    : file_(std::move(peers_file)), admission_(must_load(file_)), doorkeeper_(context) {}

void Gate::answer(Instant now) {
  doorkeeper_.answer([&](const fairlead::io::Doorkeeper::Visitor& visitor) { return admit(visitor, now); });
}

bool Gate::admit(const fairlead::io::Doorkeeper::Visitor& visitor, Instant now) {
  const auto socket = socket_of(visitor.domain);
  if (socket && admission_.admits(visitor.key, *socket)) {
    ++admitted_;
    return true;
  }
  ++refused_;
  if (const auto untold = refusals_.allow(now)) {
    log(fairlead::io::Level::warning, "peer_refused",
        {{"key", visitor.key},
         {"address", visitor.address},
         {"socket", visitor.domain},
         {"reason", socket ? admission_.why_not(visitor.key, *socket) : "no such socket"},
         {"untold", *untold}});
  }
  return false;
}

bool Gate::reload() {
  auto again = load_admission(file_);
  if (!again) {
    log(fairlead::io::Level::error, "peers_not_reloaded",
        {{"error", again.error().message},
         {"advice", "the peers of before stay; mend the file and send SIGHUP again"}});
    return false;
  }
  const bool cut = admission_.admits_more_than(*again);
  admission_ = std::move(*again);
  log(fairlead::io::Level::info, "peers_reloaded", {{"peers", admission_.size()}, {"cut", cut}});
  return cut;
}

}  // namespace fairlead::broker::io
