#include "gateway/io/static_files.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/io/fd.hpp"
#include "protocols/encode.hpp"

namespace fairlead::gateway::io {
namespace {

std::optional<std::string> unescaped(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::optional<std::string> contents(const std::string& path) {
  const fairlead::io::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  if (about.st_size < 0 || static_cast<std::size_t>(about.st_size) > StaticFiles::max_file) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got <= 0) break;  // it has become shorter meanwhile
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

std::optional<std::string> file_of_target(std::string_view target) {
  const auto path = unescaped(target.substr(0, target.find_first_of("?#")));
  if (!path || path->empty() || path->front() != '/') return std::nullopt;
  std::string file;
  std::string_view rest = std::string_view(*path).substr(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    if (part.empty() || part.front() == '.') return std::nullopt;
    for (const char c : part) {
      if (static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '\x7f') return std::nullopt;
    }
    if (!file.empty()) file += '/';
    file += part;
  }
  if (path->back() == '/') file += file.empty() ? "index.html" : "/index.html";
  return file;
}

std::string_view content_type_of(std::string_view file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> types{{
      {".html", "text/html; charset=utf-8"},
      {".htm", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/markdown; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
  }};
  for (const auto& [ending, type] : types) {
    if (file.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::optional<std::string> StaticFiles::find(std::string_view method, std::string_view target) const {
  const auto file = root_.empty() ? std::nullopt : file_of_target(target);
  const auto bytes = file ? contents(root_ + "/" + *file) : std::nullopt;
  if (!bytes || (method != "GET" && method != "HEAD")) return std::nullopt;
  return protocols::http_response(200, content_type_of(*file), *bytes, method == "HEAD");
}

std::string StaticFiles::respond(std::string_view method, std::string_view target) const {
  if (method != "GET" && method != "HEAD") return protocols::http_response(405, "text/plain", "only GET and HEAD\n");
  if (auto found = find(method, target)) return std::move(*found);
  return protocols::http_response(404, "text/plain", "there is nothing here\n", method == "HEAD");
}

}  // namespace fairlead::gateway::io
