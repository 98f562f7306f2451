#include "gateway/io/user_log.hpp"

namespace fairlead::gateway::io {

using fairlead::io::Level;
using fairlead::io::log;

void UserLog::refused(Instant now, std::string_view listener, const std::string& peer, std::string_view reason) {
  if (const auto untold = refused_.allow(now)) {
    log(Level::warning, "user_refused",
        {{"listener", listener}, {"peer", peer}, {"reason", reason}, {"untold", *untold}});
  }
}

void UserLog::bad_proxy_header(Instant now, std::string_view listener, const std::string& peer,
                               std::string_view reason) {
  if (const auto untold = bad_proxy_header_.allow(now)) {
    log(Level::warning, "bad_proxy_header",
        {{"listener", listener}, {"peer", peer}, {"reason", reason}, {"untold", *untold}});
  }
}

void UserLog::held_back(Instant now, const std::string& client) {
  if (const auto untold = held_back_.allow(now)) {
    log(Level::info, "user_held_back", {{"client", client}, {"reason", "over message-rate"}, {"untold", *untold}});
  }
}

void UserLog::messages_dropped(Instant now, const std::string& client, std::string_view reason, std::size_t messages,
                               std::size_t bytes) {
  if (const auto untold = messages_dropped_.allow(now)) {
    log(Level::warning, "messages_dropped",
        {{"client", client}, {"reason", reason}, {"messages", messages}, {"bytes", bytes}, {"untold", *untold}});
  }
}

void UserLog::too_slow(Instant now, const std::string& client, std::string_view reason, std::size_t bytes) {
  if (const auto untold = too_slow_.allow(now)) {
    log(Level::warning, "user_too_slow",
        {{"client", client}, {"reason", reason}, {"bytes", bytes}, {"untold", *untold}});
  }
}

}  // namespace fairlead::gateway::io
