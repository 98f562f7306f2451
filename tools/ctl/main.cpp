// fairlead-ctl: asks a broker's admin socket one thing, shows the answer, and ends: 0 done, 1 refused, 2 typed wrongly,
// 3 nobody answers.
#include <array>
#include <iostream>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/text.hpp"
#include "tools/ctl/command.hpp"
#include "tools/ctl/show.hpp"

namespace fairlead::ctl {
namespace {

constexpr int refused = 1;
constexpr int typed_wrongly = 2;
constexpr int nobody_answers = 3;

// The reply, or why there is none.
Result<std::string> ask(const BusAddress& broker, const std::string& request, Duration patience) {
  io::Context context;
  auto socket = io::Socket::dealer(context, broker.endpoint(BusSocket::admin));
  if (!socket) return socket.error();
  const Instant deadline = io::now() + patience;
  const std::array<io::Socket*, 1> sockets{&*socket};
  for (bool sent = false; io::now() < deadline;) {
    if (!sent) sent = socket->send(request) == io::Sent::sent;
    io::Frame frame;
    if (socket->receive(frame) == io::Received::message) return std::string(frame.bytes());
    io::wait(sockets, {}, sent ? deadline - io::now() : Duration(20ms));
  }
  return Error{"no answer from the broker at " + broker.text() + " within " + duration_text(patience) +
               " (its admin socket is " + broker.endpoint(BusSocket::admin) + ")"};
}

int run(int argc, char** argv) {
  std::string broker = "tcp://127.0.0.1:7700";
  std::string output = "table";
  Duration timeout = 5s;
  std::vector<std::string> words;
  Flags flags;
  io::Options options{
      {.program = "fairlead-ctl", .summary = "Shows what a broker has, and tells it what to do.\n\n" + usage()}};
  options
      .text("broker", "ENDPOINT", broker, "base endpoint of the bus, tcp://HOST:PORT or ipc://DIR/NAME",
            io::valid(&BusAddress::for_connect))
      .text("output", "FORMAT", output, "table, or json for programs", io::one_of({"table", "json"}))
      .duration("timeout", timeout, "how long to wait for the answer", io::at_least(10ms))
      .text("client", "CLIENT", flags.client, "this client")
      .text("uid", "UID", flags.uid, "clients of this uid")
      .text("group", "GROUP", flags.group, "members of this group")
      .text("gateway", "NAME", flags.gateway, "clients of this gateway")
      .text("last", "TEXT", flags.last, "what a client that is kicked hears first")
      .text("after", "WHERE", flags.after, "go on behind this one")
      .flag("all", flags.all, "everybody; every dead letter")
      .flag("now", flags.now, "without sending what waits")
      .integer("limit", flags.limit, "how many at most", io::between(0, 10'000))
      .arguments("command", words, "what to ask or do");
  if (const auto done = options.load(argc, argv)) return static_cast<int>(*done);

  const auto request = request_of(words, flags);
  if (!request) {
    std::cerr << "fairlead-ctl: " << request.error().message << '\n';
    return typed_wrongly;
  }
  const auto answered = ask(*BusAddress::for_connect(broker), request->dump(), timeout);
  if (!answered) {
    std::cerr << "fairlead-ctl: " << answered.error().message << '\n';
    return nobody_answers;
  }
  const auto reply = nlohmann::ordered_json::parse(*answered, nullptr, false);
  if (!reply.is_object()) {
    std::cerr << "fairlead-ctl: the answer cannot be read: " << printable(*answered) << '\n';
    return nobody_answers;
  }
  const bool ok = reply.value("ok", false);
  if (output == "json") {
    std::cout << reply.dump(2) << '\n';
  } else if (ok) {
    std::cout << show(reply);
  }
  if (!ok) std::cerr << "fairlead-ctl: " << on_one_line(reply.value("error", "refused")) << '\n';
  return ok ? 0 : refused;
}

}  // namespace
}  // namespace fairlead::ctl

int main(int argc, char** argv) {
  int status = 0;
  const int failed = fairlead::io::run_main([&] {
    status = fairlead::ctl::run(argc, argv);
    return fairlead::io::ExitCode::ok;
  });
  return failed != 0 ? failed : status;
}
