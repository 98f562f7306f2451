// fairlead-ctl: asks a broker's admin socket one thing, shows the answer, and ends: 0 done, 1 refused, 2 typed wrongly,
// 3 nobody answers.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <iostream>
#include <utility>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/keys.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/text.hpp"
#include "tools/ctl/command.hpp"
#include "tools/ctl/completion.hpp"
#include "tools/ctl/doctor.hpp"
#include "tools/ctl/show.hpp"

namespace fairlead::ctl {
namespace {

constexpr int refused = 1;
constexpr int typed_wrongly = 2;
constexpr int nobody_answers = 3;

// Where to ask, as whom, and for how long.
struct Asked {
  BusAddress broker;
  Keys keys;
  Duration patience;
};

// The reply, or why there is none.
Result<std::string> ask(const Asked& asked, const std::string& request) {
  const auto& [broker, keys, patience] = asked;
  io::Context context(keys);
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
               " (its admin socket is " + broker.endpoint(BusSocket::admin) +
               (keys.own.public_key.empty() ? "; if its bus has keys, give --key and --broker-key)"
                                            : "; if it refuses this key, its log says so)")};
}

Result<nlohmann::ordered_json> ask_json(const Asked& asked, const nlohmann::ordered_json& request) {
  const auto answered = ask(asked, request.dump());
  if (!answered) return answered.error();
  auto reply = nlohmann::ordered_json::parse(*answered, nullptr, false);
  if (!reply.is_object()) return Error{"the answer cannot be read: " + printable(*answered)};
  return reply;
}

// 1 when something is amiss.
int doctor(const Asked& asked, bool json) {
  Symptoms symptoms;
  for (auto& [name, into] :
       std::initializer_list<std::pair<const char*, nlohmann::ordered_json*>>{{"machine", &symptoms.machine},
                                                                              {"status", &symptoms.status},
                                                                              {"gateways", &symptoms.gateways},
                                                                              {"workers", &symptoms.workers}}) {
    auto reply = ask_json(asked, {{"ask", name}});
    if (!reply) {
      std::cerr << "fairlead-ctl: " << reply.error().message << '\n';
      return nobody_answers;
    }
    *into = std::move(*reply);
  }
  const auto findings = examine(symptoms);
  std::cout << (json ? to_json(findings).dump(2) + "\n" : show(findings));
  return std::all_of(findings.begin(), findings.end(), [](const Finding& one) { return one.good; }) ? 0 : refused;
}

int show_completion(const std::string& shell) {
  std::vector<Completed> commands;
  for (const auto& [words, what] : commands_by_name()) commands.push_back({words, what});
  const auto script = completion(shell, commands,
                                 {"broker", "key", "broker-key", "output", "timeout", "client", "uid", "group",
                                  "gateway", "last", "after", "all", "now", "limit", "help", "version"});
  if (!script) {
    std::cerr << "fairlead-ctl: " << script.error().message << '\n';
    return typed_wrongly;
  }
  std::cout << *script;
  return 0;
}

int make_keys(const std::string& path) {
  const KeyPair keys = io::make_key_pair();
  if (auto saved = io::save(keys, path); !saved) {
    std::cerr << "fairlead-ctl: " << saved.error().message << '\n';
    return refused;
  }
  std::cout << path << " holds the secret key: for --key, and for nobody else to see\n"
            << path << ".pub holds the public one: a broker's is the others' --broker-key; another's goes into the "
            << "broker's --peers,\n  a line: gateway|worker|operator|tap  " << keys.public_key << "  NAME\n";
  return 0;
}

int run(int argc, char** argv) {
  std::string broker = "tcp://127.0.0.1:7700";
  std::string output = "table";
  Duration timeout = 5s;
  std::vector<std::string> words;
  Flags flags;
  io::KeyOptions keys;
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
  keys.declare(options);
  if (const auto done = options.load(argc, argv)) return static_cast<int>(*done);

  const auto request = request_of(words, flags);
  if (!request) {
    std::cerr << "fairlead-ctl: " << request.error().message << '\n';
    return typed_wrongly;
  }
  if (words.front() == "completion") return show_completion(words.at(1));
  if (words.front() == "keygen") return make_keys(words.at(1));
  const Asked asked{.broker = *BusAddress::for_connect(broker), .keys = keys.load(), .patience = timeout};
  if (words.front() == "doctor") return doctor(asked, output == "json");
  const auto answered = ask_json(asked, *request);
  if (!answered) {
    std::cerr << "fairlead-ctl: " << answered.error().message << '\n';
    return nobody_answers;
  }
  const auto& reply = *answered;
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
