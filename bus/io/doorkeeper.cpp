#include "bus/io/doorkeeper.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <zmq.h>

namespace fairlead::io {
namespace {

// All parts of one message; none when no message waits.
std::optional<std::vector<std::string>> receive(void* socket) {
  std::vector<std::string> parts;
  zmq_msg_t part;
  zmq_msg_init(&part);
  do {
    int size = 0;
    do size = zmq_msg_recv(&part, socket, ZMQ_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0) break;
    parts.emplace_back(static_cast<const char*>(zmq_msg_data(&part)), zmq_msg_size(&part));
  } while (zmq_msg_more(&part) != 0);
  zmq_msg_close(&part);
  if (parts.empty()) return std::nullopt;
  return parts;
}

void send(void* socket, std::initializer_list<std::string_view> parts) {
  for (auto part = parts.begin(); part != parts.end(); ++part)
    zmq_send(socket, part->data(), part->size(), ZMQ_DONTWAIT | (part + 1 == parts.end() ? 0 : ZMQ_SNDMORE));
}

// version, request id, domain, address, identity, mechanism, credentials (RFC 27)
std::optional<Doorkeeper::Visitor> visitor(const std::vector<std::string>& request) {
  constexpr std::size_t key_bytes = 32;
  if (request.size() != 7 || request[0] != "1.0" || request[5] != "CURVE" || request[6].size() != key_bytes)
    return std::nullopt;
  std::array<char, 41> key{};
  zmq_z85_encode(key.data(), reinterpret_cast<const std::uint8_t*>(request[6].data()), key_bytes);
  return Doorkeeper::Visitor{.key = key.data(), .domain = request[2], .address = request[3]};
}

}  // namespace

Doorkeeper::Doorkeeper(Context& context) : handle_(zmq_socket(context.handle_, ZMQ_REP)) {
  const int no_linger = 0;
  std::size_t size = sizeof fd_;
  if (handle_ == nullptr || zmq_setsockopt(handle_, ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
      zmq_bind(handle_, "inproc://zeromq.zap.01") != 0 || zmq_getsockopt(handle_, ZMQ_FD, &fd_, &size) != 0) {
    const std::string why = zmq_strerror(errno);
    if (handle_ != nullptr) zmq_close(handle_);
    throw std::runtime_error("cannot watch who comes in: " + why);
  }
}

Doorkeeper::~Doorkeeper() { zmq_close(handle_); }

void Doorkeeper::answer(const std::function<bool(const Visitor&)>& admit) {
  while (const auto request = receive(handle_)) {
    const auto who = visitor(*request);
    const bool admitted = who && admit(*who);
    // 300 and not 400: after a 400 libzmq never tries that broker again.
    send(handle_, {"1.0", request->size() > 1 ? (*request)[1] : "", admitted ? "200" : "300",
                   admitted ? "OK" : "not among the peers", admitted ? who->key : "", ""});
  }
}

}  // namespace fairlead::io
