// fairlead-chat: a terminal's end of the chat app.
#include <array>
#include <cstdlib>
#include <ctime>

#include <unistd.h>

#include "bus/endpoints.hpp"
#include "bus/io/options.hpp"
#include "client/io/chat.hpp"
#include "client/io/terminal.hpp"

namespace fairlead::client {

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 16> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return {text.data(), size};
}

namespace {

bool wants_colour(const std::string& choice) {
  if (choice != "auto") return choice == "always";
  const char* const no = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no == nullptr || *no == '\0');
}

int run(int argc, char** argv) {
  ChatSettings settings;
  std::string colour = "auto";
  io::Options options{
      {.program = "fairlead-chat",
       .summary =
           "Chat through a Fairlead gateway. Enter says a line to everybody, 7:TEXT to user 7 alone; /help tells "
           "more. In a pipe: sends each line, prints what comes until all are answered."}};
  options
      .argument("address", settings.address, "line://host:port, frame://host:port or ws://host:port/path",
                io::valid(&UserEndpoint::for_connect))
      .text("name", "NAME", settings.name, "what others see beside your number")
      .text("color", "WHEN", colour, "auto (on a terminal), always or never", io::one_of({"auto", "always", "never"}))
      .duration("patience", settings.patience, "in a pipe: how long to wait for a connection, and for answers",
                io::at_least(1ms))
      .duration("stay", settings.stay, "in a pipe: how long to listen when all is answered", io::at_least(0ms));
  if (const auto done = options.load(argc, argv)) return static_cast<int>(*done);
  return io::run_main([&] {
    settings.colour = wants_colour(colour);
    io::Signals signals;
    return Terminal::is_there() ? chat_at_terminal(settings, signals) : chat_in_pipe(settings, signals);
  });
}

}  // namespace
}  // namespace fairlead::client

int main(int argc, char** argv) { return fairlead::client::run(argc, argv); }
