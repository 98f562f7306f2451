// What a listener, or a client, lets its peers do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::protocols {

struct ServerOptions {
  std::size_t max_message = std::size_t{64} * 1024;  // payload bytes; more ends the connection with 1009

  // The opening handshake (ws only).
  std::string path;                  // where upgrades are taken; elsewhere they get a 404. Empty: everywhere
  std::vector<std::string> origins;  // Origin headers that are let in, others get a 403. Empty: all
  std::size_t max_head = std::size_t{8} * 1024;
  std::size_t max_target = std::size_t{4} * 1024;
  std::size_t max_headers = 64;
};

struct ClientOptions {
  std::size_t max_message = std::size_t{1024} * 1024;

  // The opening handshake (ws only).
  std::string host = "localhost";  // with the port where it is not the scheme's own
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;  // further ones: Origin, Cookie, …
};

}  // namespace fairlead::protocols
