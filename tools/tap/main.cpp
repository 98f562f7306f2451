// fairlead-tap: shows the traffic of a bus as it passes, a line a record, with tcpdump's habits. It can never slow the
// bus: what it does not read in time it misses, and says so at the end.
#include <algorithm>
#include <array>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/keys.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "bus/io/zmq_socket.hpp"
#include "schemas/tap_filter.hpp"
#include "tools/tap/line.hpp"

namespace fairlead::tap {
namespace {

// A broker says a word every second.
constexpr Duration silence = 4s;

struct Settings {
  std::string broker = "tcp://127.0.0.1:7700";
  std::string output = "text";
  std::int64_t count = 0;  // 0: until a signal
  std::int64_t body = 256;
  bool no_body = false;
  bool quiet = false;
  std::vector<std::string> filter;

  schemas::TapRequest request() const {
    schemas::TapRequest request{.body = no_body || quiet ? 0 : static_cast<std::size_t>(body)};
    for (const auto& word : filter) request.filter += (request.filter.empty() ? "" : " ") + word;
    return request;
  }
};

// -c 5 and -c5 are --count 5, and so on.
std::vector<std::string> long_flags(int argc, char** argv) {
  static constexpr std::array<std::pair<char, const char*>, 3> with_value{
      {{'c', "--count"}, {'o', "--output"}, {'s', "--bytes"}}};
  std::vector<std::string> words;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const auto* found = with_value.end();
    if (word.size() > 1 && word[0] == '-' && word[1] != '-')
      found = std::find_if(with_value.begin(), with_value.end(), [&](const auto& one) { return one.first == word[1]; });
    if (found != with_value.end()) {
      words.emplace_back(found->second);
      if (word.size() > 2) words.push_back(word.substr(2));
    } else {
      words.push_back(word == "-q" ? "--quiet" : word);
    }
  }
  return words;
}

class Watcher {
 public:
  Watcher(const Settings& settings, const BusAddress& broker, Keys keys, io::Signals& signals)
      : settings_(settings),
        broker_(broker),
        signals_(signals),
        topic_(settings.request().topic()),
        context_(std::move(keys)),
        printer_({.quiet = settings.quiet, .colour = ::isatty(STDOUT_FILENO) == 1}) {}

  void run() {
    while (!done_) {
      if (!socket_) connect();
      read();
      // After, so that a tap that was frozen itself takes what has come before it thinks of silence.
      if (!done_ && io::now() - heard_ > silence) connect();
      std::cout.flush();
      if (!std::cout) break;  // nobody reads us any more
      std::array<io::WatchedFd, 1> fds{{{.fd = signals_.fd()}}};
      const std::array<io::Socket*, 1> sockets{&*socket_};
      if (!done_) io::wait(sockets, fds, 500ms);
      if (signals_.next()) done_ = true;
    }
    std::cout.flush();
    std::cerr << tally_.captured() << " captured, " << tally_.matched() << " matched, " << tally_.seen() << " seen, "
              << tally_.not_captured() << " not captured\n";
  }

 private:
  void connect() {
    if (socket_ && !told_)
      std::cerr << "fairlead-tap: no word from the broker at " << broker_.text()
                << "; trying on (if its bus has keys, its log says who is refused)\n";
    told_ = socket_.has_value();
    socket_.reset();
    names_are_ipv6_ = !names_are_ipv6_;
    auto socket =
        io::Socket::sub(context_, broker_.endpoint(BusSocket::tap), topic_, {.names_are_ipv6 = !names_are_ipv6_});
    if (!socket) throw std::runtime_error(socket.error().message);
    socket_.emplace(std::move(*socket));
    heard_ = io::now();
  }

  void read() {
    io::drain(*socket_, 64, [this](std::string_view bytes) {
      if (done_ || !bytes.starts_with(topic_)) return;
      heard_ = io::now();
      if (!greeted_) std::cerr << "fairlead-tap: listening to " << broker_.text() << '\n';
      greeted_ = true;
      told_ = false;
      auto frame = read_frame(bytes.substr(topic_.size()));
      if (!frame) throw std::runtime_error("cannot read what the broker sends: " + frame.error().message);
      tally_.on_frame(*frame);
      for (auto& record : frame->records) {
        show(record, frame->at);
        if (settings_.count > 0 && ++shown_ >= settings_.count) {
          done_ = true;
          return;
        }
      }
    });
  }

  void show(nlohmann::ordered_json& record, double at) {
    if (settings_.output == "json") {
      record["at"] = at;
      std::cout << record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    } else {
      std::cout << printer_.line(record, at) << '\n';
    }
  }

  const Settings& settings_;
  const BusAddress broker_;
  io::Signals& signals_;
  const std::string topic_;
  io::Context context_;
  std::optional<io::Socket> socket_;
  Printer printer_;
  Tally tally_;
  Instant heard_{};
  bool names_are_ipv6_ = false;
  bool greeted_ = false;
  bool told_ = false;
  bool done_ = false;
  std::int64_t shown_ = 0;
};

io::ExitCode run(int argc, char** argv) {
  Settings settings;
  io::KeyOptions keys;
  io::Options options{{.program = "fairlead-tap",
                       .summary = "Shows the traffic of a bus as it passes, and never slows it.\n\n"
                                  "filter: uid X, client X, group X, gateway X, worker X, kind X, up, down, size > N,\n"
                                  "joined by and, or, not and brackets. Short: -c N, -o FORMAT, -s BYTES, -q."}};
  options
      .text("broker", "ENDPOINT", settings.broker, "base endpoint of the bus, tcp://HOST:PORT or ipc://DIR/NAME",
            io::valid(&BusAddress::for_connect))
      .integer("count", settings.count, "stop after so many records (-c); 0: never", io::between(0, 1'000'000'000))
      .text("output", "FORMAT", settings.output, "text, or json: an object a line (-o)", io::one_of({"text", "json"}))
      .integer("bytes", settings.body, "how much of each body is shown (-s)",
               io::between(0, static_cast<std::int64_t>(schemas::TapRequest::most_body)))
      .flag("no-body", settings.no_body, "show no bodies, only how long they are")
      .flag("quiet", settings.quiet, "the shortest lines (-q)")
      .arguments("filter", settings.filter, "what to show; everything by default")
      .also([&]() -> Status {
        const auto filter = schemas::TapFilter::parse(settings.request().filter);
        return filter ? Status(Nothing{}) : Status(filter.error());
      });
  keys.declare(options);
  std::vector<std::string> words = long_flags(argc, argv);
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (auto& word : words) pointers.push_back(word.data());
  if (const auto done = options.load(static_cast<int>(pointers.size()), pointers.data())) return *done;

  io::Signals signals;
  Watcher(settings, *BusAddress::for_connect(settings.broker), keys.load(), signals).run();
  return io::ExitCode::ok;
}

}  // namespace
}  // namespace fairlead::tap

int main(int argc, char** argv) {
  return fairlead::io::run_main([&] { return fairlead::tap::run(argc, argv); });
}
