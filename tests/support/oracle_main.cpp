// fairlead-oracle sends numbered messages to the echo app over many connections at once, whatever happens to the bus
// meanwhile, and tells as one line of JSON whether each came back once and in order. It exits 0 only then.
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "bus/check.hpp"
#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/loop.hpp"
#include "bus/io/options.hpp"
#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "tools/bench/crowd.hpp"

namespace fairlead::tests {
namespace {

struct Settings {
  std::vector<std::string> connect;
  std::int64_t clients = 64;
  std::int64_t in_flight = 16;
  std::int64_t seconds = 10;
  std::int64_t payload = 0;
  std::int64_t max_rate = 0;
  std::string until_file;
  bool until_eof = false;
  bool progress = false;
  Duration patience = 30s;
  Duration connect_patience = 15s;
};

class Oracle {
 public:
  explicit Oracle(const Settings& settings) : settings_(settings), crowd_(crowd_settings(settings)) {}

  io::ExitCode run() {
    const auto watched = crowd_.loop().add(signals_.fd(), {.read = true, .write = false}, [this](auto) {
      while (signals_.next()) told_to_stop_ = true;
    });
    FAIRLEAD_CHECK(watched.has_value(), "signals are not watched");
    if (settings_.until_eof) watch_stdin();

    const auto connected = crowd_.connect(settings_.connect_patience, [this] { return told_to_stop_; });
    if (!connected) {
      std::cerr << "fairlead-oracle: " << connected.error().message << '\n';
      return io::ExitCode::failure;
    }
    send_for_a_while();
    crowd_.drain(settings_.patience, [this] { return tell_progress(), false; });
    seconds_ = io::now() - start_;
    return tell();
  }

 private:
  static bench::Crowd::Settings crowd_settings(const Settings& settings) {
    bench::Crowd::Settings out{.clients = static_cast<std::size_t>(settings.clients),
                               .payload = static_cast<std::size_t>(settings.payload),
                               .program = "fairlead-oracle"};
    for (const auto& address : settings.connect) out.doors.push_back(*UserEndpoint::for_connect(address));
    return out;
  }

  void send_for_a_while() {
    start_ = io::now();
    const auto window = static_cast<std::size_t>(settings_.in_flight);
    if (settings_.max_rate > 0) {
      crowd_.send_limited(window, static_cast<double>(settings_.max_rate));
    } else {
      crowd_.send_closed(window);
    }
    crowd_.run_for(std::chrono::hours(24 * 365), [this] { return tell_progress(), is_time_to_stop(); });
    crowd_.stop_sending();
  }

  bool is_time_to_stop() {
    if (told_to_stop_) return true;
    const Instant now = io::now();
    if (settings_.seconds > 0 && now - start_ >= std::chrono::seconds(settings_.seconds)) return true;
    if (settings_.until_file.empty() || now < look_again_) return false;
    look_again_ = now + 50ms;
    return std::filesystem::exists(settings_.until_file);
  }

  io::ExitCode tell() const {
    const bench::Tally tally = crowd_.tally();
    const double silence = std::chrono::duration<double, std::milli>(crowd_.longest_silence()).count();
    std::array<char, 512> line{};
    std::snprintf(line.data(), line.size(),
                  R"({"clients":%zu,"sent":%llu,"received":%llu,"lost":%llu,"duplicated":%llu,"reordered":%llu,)"
                  R"("foreign":%llu,"disconnected":%llu,"seconds":%.3f,"per_second":%.0f,"longest_silence_ms":%.1f})",
                  crowd_.size(), as_long(tally.sent), as_long(tally.received), as_long(tally.lost),
                  as_long(tally.duplicated), as_long(tally.reordered), as_long(tally.foreign),
                  as_long(tally.disconnected), seconds_.count(), static_cast<double>(tally.received) / seconds_.count(),
                  silence);
    std::cout << line.data() << std::endl;
    return tally.is_clean() && tally.sent > 0 ? io::ExitCode::ok : io::ExitCode::failure;
  }

  static unsigned long long as_long(std::uint64_t number) { return number; }

  // For whoever waits until messages have flowed.
  void tell_progress() {
    const Instant now = io::now();
    if (!settings_.progress || now < tell_again_) return;
    tell_again_ = now + 50ms;
    if (std::exchange(told_, crowd_.received()) == crowd_.received()) return;
    std::cerr << "progress sent=" << crowd_.sent() << " received=" << crowd_.received() << '\n';
  }

  void watch_stdin() {
    // A file or /dev/null cannot be watched, and has no end to wait for.
    const auto watched = crowd_.loop().add(STDIN_FILENO, {.read = true, .write = false}, [this](auto) {
      std::array<char, 4096> ignored{};
      if (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) return;
      told_to_stop_ = true;
      crowd_.loop().remove(stdin_);
    });
    if (watched) stdin_ = *watched;
    if (!watched) told_to_stop_ = true;
  }

  const Settings& settings_;
  io::Signals signals_;
  bench::Crowd crowd_;
  io::Loop::Watch stdin_;
  bool told_to_stop_ = false;
  Instant start_{};
  Instant look_again_{};
  Instant tell_again_{};
  std::uint64_t told_ = 0;  // of the replies
  std::chrono::duration<double> seconds_{};
};

int run(int argc, char** argv) {
  Settings settings;
  io::Options options{{.program = "fairlead-oracle",
                       .summary = "Checks at many users of the echo app that each message comes back once, in order."}};
  options
      .list("connect", "ADDRESS", settings.connect, "where the users connect, in turn: line://, frame:// or ws://",
            io::each_valid(&UserEndpoint::for_connect))
      .integer("clients", settings.clients, "how many users", io::between(1, 100'000))
      .integer("in-flight", settings.in_flight, "messages of one user under way", io::between(1, 100'000))
      .integer("seconds", settings.seconds, "how long to send; 0: until told to stop", io::between(0, 1'000'000))
      .integer("payload", settings.payload, "bytes of a message at least", io::between(0, 1'000'000))
      .integer("max-rate", settings.max_rate, "messages a second of all together; 0: no limit",
               io::between(0, 100'000'000))
      .text("until-file", "FILE", settings.until_file, "stop sending when FILE exists")
      .flag("until-eof", settings.until_eof, "stop sending at the end of standard input")
      .flag("progress", settings.progress, "say on standard error how many messages have come back, as they come")
      .duration("patience", settings.patience, "how long to wait for replies after sending", io::at_least(0ms))
      .duration("connect-patience", settings.connect_patience, "how long connecting may take", io::at_least(0ms))
      .also([&]() -> Status {
        if (settings.connect.empty()) return Error{"--connect ADDRESS is missing"};
        return Nothing{};
      });
  if (const auto done = options.load(argc, argv)) return static_cast<int>(*done);
  io::raise_file_limit();
  return io::run_main([&] { return Oracle(settings).run(); });
}

}  // namespace
}  // namespace fairlead::tests

int main(int argc, char** argv) { return fairlead::tests::run(argc, argv); }
