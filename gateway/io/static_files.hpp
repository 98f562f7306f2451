// Files of one folder for browsers that come to a ws:// listener without asking for a WebSocket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::gateway::io {

// The file that a request target means, relative to the root: "/" and "/a/" are their index.html. None for whatever
// could leave the folder or was not meant to be shown: "..", hidden files, zero bytes, backslashes, bad escapes.
std::optional<std::string> file_of_target(std::string_view target);

std::string_view content_type_of(std::string_view file);

class StaticFiles {
 public:
  static constexpr std::size_t max_file = std::size_t{16} << 20U;

  // An empty root has no files.
  explicit StaticFiles(std::string root) : root_(std::move(root)) {}

  // A whole HTTP response to a GET or HEAD, when there is such a file.
  std::optional<std::string> find(std::string_view method, std::string_view target) const;
  // The same, or a 404.
  std::string respond(std::string_view method, std::string_view target) const;

 private:
  std::string root_;
};

}  // namespace fairlead::gateway::io
