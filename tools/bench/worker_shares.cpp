#include "tools/bench/worker_shares.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace fairlead::bench {
namespace {

constexpr Duration every = 20ms;

io::Socket connected(io::Context& context, const BusAddress& broker) {
  auto socket = io::Socket::dealer(context, broker.endpoint(BusSocket::admin));
  if (!socket) throw std::runtime_error(socket.error().message);
  return std::move(*socket);
}

}  // namespace

WorkerShares::WorkerShares(const BusAddress& broker) : socket_(connected(context_, broker)) {}

bool WorkerShares::poll(Instant now) {
  if (!waiting_ && now - asked_ >= every) {
    waiting_ = socket_.send(R"({"ask":"workers"})") == io::Sent::sent;
    asked_ = now;
  }
  io::Frame frame;
  if (!waiting_ || socket_.receive(frame) != io::Received::message) return false;
  waiting_ = false;
  const auto answer = nlohmann::json::parse(frame.bytes(), nullptr, false);
  if (!answer.is_object() || !answer.contains("workers")) return false;
  before_ = std::exchange(now_, {});
  for (const auto& worker : answer["workers"])
    now_[worker.value("worker", "")] = worker.value("commits", std::uint64_t{0});
  return true;
}

double WorkerShares::share(const std::string& worker) const {
  std::uint64_t all = 0;
  std::uint64_t its = 0;
  for (const auto& [name, commits] : now_) {
    const auto earlier = before_.find(name);
    const std::uint64_t since = commits - (earlier != before_.end() ? earlier->second : 0);
    all += since;
    if (name == worker) its = since;
  }
  return all == 0 ? 0 : static_cast<double>(its) / static_cast<double>(all);
}

}  // namespace fairlead::bench
