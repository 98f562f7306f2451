// The two ways to run fairlead-chat: for somebody at a terminal, and in a pipe.
#pragma once

#include <string>

#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "bus/time.hpp"

namespace fairlead::client {

struct ChatSettings {
  std::string address;
  std::string name;         // said after each connection; empty: none
  Duration patience = 10s;  // in a pipe: for connecting, and for the answers after the end of input
  Duration stay = 0s;       // in a pipe: how long to listen after that
  bool colour = false;
};

// Until the user leaves. Connects again as often as it takes.
io::ExitCode chat_at_terminal(const ChatSettings& settings, io::Signals& signals);

// Sends each line of standard input, prints what comes, and ends when the input has ended and each line is answered.
io::ExitCode chat_in_pipe(const ChatSettings& settings, io::Signals& signals);

std::string time_of_day();  // 22:05:44

}  // namespace fairlead::client
